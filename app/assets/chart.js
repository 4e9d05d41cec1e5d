// Draws a Plotly figure and, when its numbers change, updates it in place: zoom, hidden lines and the pointer's
// place survive, which st.plotly_chart (it mounts a new chart for new data) cannot offer while a run is training.

function library(address) {
  window.ancePlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library could not be loaded"));
    document.head.append(script);
  });
  return window.ancePlotly;
}

function dressed(layout, element) {
  const style = getComputedStyle(element);
  const theme = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const text = theme("--st-text-color", "#1f2733");
  const axis = { gridcolor: theme("--st-border-color", "#dde1e7"), linecolor: theme("--st-border-color", "#dde1e7") };
  const axes = Object.keys({ xaxis: 0, yaxis: 0, ...layout }).filter((name) => /^[xy]axis\d*$/.test(name));
  return {
    ...layout,
    ...Object.fromEntries(axes.map((name) => [name, { ...axis, ...layout[name] }])),
    autosize: true,
    height: undefined, // its container's
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 13, color: text, ...layout.font },
    hoverlabel: {
      bgcolor: theme("--st-background-color", "#fff"),
      bordercolor: theme("--st-border-color", "#dde1e7"),
      font: { family: style.fontFamily, size: 13, color: text },
      ...layout.hoverlabel,
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme("--st-border-color", "#999"), activecolor: text },
  };
}

// Where the browser has no WebGL (a virtual machine, a remote desktop), points are drawn as shapes: slower, but there.
function drawable(data) {
  window.anceWebGL ??= Boolean(document.createElement("canvas").getContext("webgl"));
  return window.anceWebGL ? data : data.map((trace) => (trace.type === "scattergl" ? { ...trace, type: "scatter" } : trace));
}

// One figure at a time, and a look at the screen between two: the first of several is seen before the last is drawn.
function soon(box) {
  if (box.queued) return box.queued; // it will draw what is wanted by then
  const before = window.anceTurn ?? Promise.resolve();
  box.queued = before.then(painted).then(() => {
    box.queued = undefined;
    return draw(box);
  });
  window.anceTurn = box.queued.catch(() => {});
  return box.queued;
}

// Resolves when the browser has shown what was drawn so far; a tab in the background shows nothing and does not wait.
function painted() {
  return new Promise((resolve) => {
    if (document.hidden) resolve();
    else requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 200);
  });
}

async function draw(box) {
  const Plotly = await library(box.wanted.library);
  if (!box.isConnected) return;
  const { data, layout } = JSON.parse(box.wanted.figure);
  await Plotly.react(box, drawable(data), dressed(layout, box), box.wanted.config);
  if (box.wanted.clickable) listen(box);
  makeRoom(box, Plotly);
}

function listen(box) {
  box.classList.add("ance-clickable");
  box.removeAllListeners("plotly_click");
  box.on("plotly_click", ({ points: [point] }) => {
    const known = point.customdata ?? [];
    const customdata = Array.from(known[Symbol.iterator] && typeof known !== "string" ? known : [known]); // typed arrays too
    box.tell("clicked", { trace: point.data.name, x: point.x, y: point.y, customdata });
  });
}

// A legend of many rows lengthens the figure instead of squeezing its plot.
function makeRoom(box, Plotly) {
  const rows = box._fullLayout?.showlegend ? (box._fullLayout.legend?._height ?? 0) : 0;
  const height = Math.round(box.wanted.height + Math.max(0, rows - 30));
  if (Math.abs(parseFloat(box.style.height) - height) > 2) {
    box.style.height = `${height}px`;
    Plotly.Plots.resize(box);
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data.figure) {
    library(data.library).catch(() => {}); // a figure will say so, if it comes to that
    return;
  }
  const box = parentElement.querySelector(".ance-figure");
  box.style.height ||= `${data.height}px`;
  const unchanged = box.wanted?.figure === data.figure;
  box.tell = setTriggerValue;
  box.wanted = data; // what to draw once the library is there, if that is still under way
  if (!unchanged) soon(box).catch((error) => (box.textContent = `${error.message}: reload the page.`));
  box.observer ??= new ResizeObserver(async () => {
    if (!box._fullLayout || !box.isConnected || !box.clientWidth) return;
    await window.Plotly.Plots.resize(box);
    makeRoom(box, window.Plotly);
  });
  box.observer.observe(box);
  return () => {
    box.observer?.disconnect();
    if (!box.isConnected) window.Plotly?.purge(box);
  };
}
