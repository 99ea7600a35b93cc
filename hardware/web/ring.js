// The ring. What an LED is told is linear light; a screen wants it as the eye counts it, or all that is faint would be dark.

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 109;
const UNLIT = [30, 34, 40];
const ROOM_EVERY_MS = 150; // the light that falls on the page: all of it is drawn again for that
// How a light fades with distance; drawn as gradients, which cost a tenth of what blurring does.
const GLOW = [[0, 0.95], [0.2, 0.62], [0.45, 0.24], [0.7, 0.07], [1, 0]];
const HALO = [[0, 0.5], [0.3, 0.26], [0.6, 0.09], [1, 0]];

const curved = (light) => 255 * Math.pow(light / 255, 1 / 2.2);

export class Ring {
  #lamps = []; #glows = []; #colour; #due;

  show(lights) {
    const count = lights.length / 3;
    if (count !== this.#lamps.length) this.#build(count);
    const mean = [0, 0, 0];
    for (let index = 0; index < count; index++) {
      const light = lights.slice(3 * index, 3 * index + 3).map(curved);
      light.forEach((value, colour) => (mean[colour] += value / count));
      const seen = light.map((value, colour) => Math.round(UNLIT[colour] + (255 - UNLIT[colour]) * (value / 255)));
      this.#lamps[index].setAttribute("fill", `rgb(${seen})`);
      const lit = (Math.max(...light) / 255).toFixed(3);
      for (const { circle, stops } of this.#glows[index]) {
        circle.setAttribute("opacity", lit);
        if (lit > 0) for (const stop of stops) stop.setAttribute("stop-color", `rgb(${light.map(Math.round)})`);
      }
    }
    this.#room(mean.map(Math.round).join(", "));
  }

  #room(colour) {
    this.#colour = colour;
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      document.documentElement.style.setProperty("--glow", this.#colour);
    }, ROOM_EVERY_MS);
  }

  #build(count) {
    const near = Math.min(1, 12 / count);
    document.getElementById("gradients").replaceChildren();
    this.#lamps = this.#circles("lamps", count, 9 * near);
    const halos = this.#glowing("halos", count, 74 * Math.sqrt(near), HALO);
    const glows = this.#glowing("glows", count, 38 * Math.sqrt(near), GLOW);
    this.#glows = halos.map((halo, index) => [halo, glows[index]]);
  }

  #glowing(group, count, radius, fading) {
    return this.#circles(group, count, radius).map((circle, index) => {
      const gradient = document.createElementNS(SVG, "radialGradient");
      gradient.id = `${group}${index}`;
      const stops = fading.map(([offset, opacity]) => {
        const stop = document.createElementNS(SVG, "stop");
        stop.setAttribute("offset", offset);
        stop.setAttribute("stop-opacity", opacity);
        return stop;
      });
      gradient.append(...stops);
      document.getElementById("gradients").append(gradient);
      circle.setAttribute("fill", `url(#${gradient.id})`);
      return { circle, stops };
    });
  }

  #circles(group, count, radius) {
    const circles = Array.from({ length: count }, (_, index) => {
      const angle = (2 * Math.PI * index) / count;
      const circle = document.createElementNS(SVG, "circle");
      circle.setAttribute("cx", (RADIUS * Math.sin(angle)).toFixed(2));
      circle.setAttribute("cy", (-RADIUS * Math.cos(angle)).toFixed(2));
      circle.setAttribute("r", radius.toFixed(2));
      return circle;
    });
    document.getElementById(group).replaceChildren(...circles);
    return circles;
  }
}
