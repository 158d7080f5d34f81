// What Live Review remembered before its form was made of Gradio's controls, as that form remembers it. Loaded before
// the page is drawn: the form reads it once.
{
  const old = "framesieve.review";
  const [folder, weights, live, exact] = ["folder", "weights", "live", "exact"].map((name) => `${old}.${name}`);
  const put = (key, values) => {
    const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
    if (!localStorage.getItem(key) && known.length) {
      localStorage.setItem(key, JSON.stringify({ values: Object.fromEntries(known) }));
    }
  };
  try {
    const form = { "review-folder": localStorage.getItem(folder), "review-weights": localStorage.getItem(weights) };
    if (localStorage.getItem(live) === "no") form["review-live"] = false;
    if (localStorage.getItem(exact) === "yes") form["review-exact"] = true;
    put(`${old}.form`, form);
    const { conf, iou, output, hamming, skip } = JSON.parse(localStorage.getItem(old)) ?? {};
    put(`${old}.saving`, { "review-conf": conf, "review-iou": iou, "review-output": output, hamming, skip });
    for (const key of [old, folder, weights, live, exact]) localStorage.removeItem(key);
  } catch {
    // no storage here, or not ours
  }
}
