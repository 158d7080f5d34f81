// The jobs of Training Patches among all jobs.

const VERB = "patches";

/** The newest job that cuts patches, the newest that checks a folder of them; undefined: there is none. */
export const cuttingOf = (jobs) => jobs.find((job) => job.verb === VERB && !job.verify);
export const checkOf = (jobs) => jobs.find((job) => job.verb === VERB && job.verify);
