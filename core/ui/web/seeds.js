// What points at the subject by itself: a choice that acts when it is made, and shows its name again.

import { fill, h } from "./dom.js";
import { masking } from "./masking.js";

/**
 * @param {string} name what stands in the closed list
 * @param {boolean} isForAll whether it is meant for all shots, where a face comes with the primary subject
 */
export function seedChoice(name, isForAll) {
  const choice = h("select.ctl.seeds", { "aria-label": name, onchange: () => act() });
  const act = () => {
    const [seed, person] = choice.value.split(" ");
    choice.value = "";
    if (seed) masking.seed({ seed, ...(person ? { person: Number(person) } : {}) });
  };
  let said = null;
  return {
    element: choice,
    draw() {
      const { subject, masker, job, seeding } = masking;
      choice.disabled = !subject || !masker || Boolean(job) || Boolean(seeding);
      const { persons, face } = subject?.seeds ?? { persons: [], face: false };
      const key = JSON.stringify([persons, face, seeding]);
      if (key === said) return;
      said = key;
      const options = [h("option", { value: "" }, seeding ? "Looking." : name)];
      options.push(h("option", { value: "primary" }, "primary subject"));
      if (face && !isForAll) options.push(h("option", { value: "face" }, "face that is looked for"));
      for (const [id, called] of persons) {
        options.push(h("option", { value: `person ${id}` }, called ? `${called} (person ${id})` : `person ${id}`));
      }
      fill(choice, options);
    },
  };
}
