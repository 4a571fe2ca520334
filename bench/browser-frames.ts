/**
 * A script for a page: scrolls the part of that selector like a wheel does, and gives the milliseconds of each frame.
 * The list of traces and the picture of one are measured by the same wheel.
 */
export const scrollScript = (selector: string): string => `new Promise((done) => {
  const list = document.querySelector(${JSON.stringify(selector)});
  const frames = [];
  let last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    list.scrollBy(0, 120);
    if (frames.length < 240) requestAnimationFrame(step);
    else done(frames.slice(1));
  };
  requestAnimationFrame(step);
})`;
