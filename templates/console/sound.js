// Two tones that a room hears. A browser lets a page sound only after somebody touched it: until then `ready()` is false, and the page says so.
let context = null;

export function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
}
export const ready = () => context?.state === "running";

function tone(frequency, at, length) {
  const source = context.createOscillator();
  const gain = context.createGain();
  source.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.5, at + 0.03);
  gain.gain.setValueAtTime(0.5, at + length - 0.05);
  gain.gain.linearRampToValueAtTime(0, at + length);
  source.connect(gain).connect(context.destination);
  source.start(at);
  source.stop(at + length);
}

export function ring() {
  if (!ready()) return false;
  for (let again = 0; again < 3; ++again) {
    tone(880, context.currentTime + again * 0.7, 0.3);
    tone(660, context.currentTime + again * 0.7 + 0.32, 0.3);
  }
  return true;
}
