//! The chart of cells on the page: painted on a canvas, cell by cell, only those that changed.
//!
//! Owns: pixels, pointer, wheel and keys of the fleet. Does not own: what a cell shows (`fleet`).

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use smol_str::SmolStr;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::filter::Filter;
use super::fleet::{
    Camera, Cell, Group, Look, Metric, Plan, Sign, beside, cell_at, cell_near, cell_says, load, look, plan,
    says, states,
};
use super::model::Model;
use super::tools::Zoom;
use crate::app::{App, Panel};
use crate::format::fit;
use crate::mark::Rect;
use crate::stage::facts::object_id;
use crate::state_words::PodState;

/// Cells at least this wide show their pods, and at least so wide their name.
const PODS_FROM: f64 = 26.0;
const NAME_FROM: f64 = 52.0;

/// The colours of the theme in use.
#[derive(Default)]
struct Inks {
    heat: [String; 6],
    land: String,
    coast: String,
    water: String,
    pod: String,
    ink: String,
    ink3: String,
    ok: String,
    work: String,
    bad: String,
    why: String,
    act: String,
    mono: String,
}

impl Inks {
    fn read(canvas: &HtmlCanvasElement) -> Self {
        let style = window().get_computed_style(canvas).ok().flatten();
        let get =
            |name: &str| style.as_ref().and_then(|s| s.get_property_value(name).ok()).unwrap_or_default();
        Self {
            heat: ["--h0", "--h1", "--h2", "--h3", "--h4", "--h5"].map(get),
            land: get("--land"),
            coast: get("--coast"),
            water: get("--water"),
            pod: get("--pod"),
            ink: get("--ink"),
            ink3: get("--ink3"),
            ok: get("--ok"),
            work: get("--work"),
            bad: get("--bad"),
            why: get("--why"),
            act: get("--act"),
            mono: get("--mono"),
        }
    }

    fn of(&self, state: PodState) -> &str {
        match state {
            PodState::Failed | PodState::BackOff => &self.bad,
            PodState::Unknown | PodState::Ending | PodState::Completed => &self.ink3,
            PodState::Pending => &self.why,
            PodState::Starting | PodState::NotReady => &self.work,
            PodState::Ready => &self.ok,
        }
    }
}

/// What the whole picture depends on. While it stays the same, only touched cells are painted.
#[derive(Clone, PartialEq)]
struct Scene {
    size: (i32, i32),
    camera: Camera,
    filter: Filter,
    metric: Metric,
    group: Group,
    dark: bool,
    past: bool,
    picked: SmolStr,
    nodes: u64,
    pictures: (u32, u64),
}

/// What a plan was made of: the size, what is shown and how, and the versions of both.
type Planned = ((i32, i32), Filter, Group, u64, (u32, u64));

#[derive(Default)]
struct Board {
    plan: Plan,
    planned: Option<Planned>,
    scene: Option<Scene>,
    version: u64,
    inks: Inks,
    themed: Option<(bool, bool)>,
    /// Cells painted last time, for the curious and the tests.
    painted: usize,
}

/// The node of an id such as `nodes//worker-1`.
fn node_of(model: &Model, id: &str) -> SmolStr {
    match id.strip_prefix("nodes//") {
        Some(node) => node.into(),
        None => model.any_pod(id).map(|p| p.node.clone()).unwrap_or_default(),
    }
}

#[component]
pub fn Fleet(app: App, other: bool, area: RwSignal<Option<Rect>>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let board = StoredValue::new_local(Board::default());
    let camera = RwSignal::new(Camera::default());
    let tip = RwSignal::new(None::<(i32, i32, String)>);
    let sight = app.sight;
    Effect::new(move |_| {
        app.stage.track();
        let Some(area) = area.get() else { return };
        let Some(element) = canvas.get() else { return };
        let (filter, metric, group) = (sight.filter.get(), sight.metric.get(), sight.group.get());
        let (dark, past, picked) = (app.dark.get(), app.past.get(), app.picked.get().unwrap_or_default());
        let view = camera.get();
        let board = &mut *board.write_value();
        app.ask(|s| {
            let model = match s.other() {
                Some((model, _)) if other => model,
                None if other => return,
                _ => s.stage(),
            };
            let size = (area.w, area.h);
            let pictures = (sight.fresh.get_value(), s.pictures());
            let key = (size, filter.clone(), group, model.node_version, pictures);
            if board.planned.as_ref() != Some(&key) {
                board.plan = plan(model, &filter, f64::from(area.w), f64::from(area.h), group);
                board.planned = Some(key);
            }
            if board.themed != Some((dark, past)) {
                board.inks = Inks::read(&element);
                board.themed = Some((dark, past));
            }
            let scene = Scene {
                size,
                camera: view,
                filter,
                metric,
                group,
                dark,
                past,
                picked: node_of(model, &picked),
                nodes: model.node_version,
                pictures,
            };
            let Some(mut brush) = Brush::of(&element, area, &scene, &board.plan, &board.inks) else { return };
            let touched =
                if board.scene.as_ref() == Some(&scene) { model.touched_since(board.version) } else { None };
            match touched {
                Some(touched) => {
                    let mut names: Vec<&SmolStr> = touched.iter().map(|(_, name)| name).collect();
                    names.sort_unstable();
                    names.dedup();
                    let cells = &board.plan.cells;
                    board.painted = 0;
                    for cell in cells.iter().filter(|c| names.binary_search(&&c.node).is_ok()) {
                        board.painted += 1;
                        brush.cell(model, cell);
                    }
                }
                None => {
                    board.painted = cells_in_view(&board.plan, view).count();
                    brush.all(model);
                }
            }
            board.version = model.version;
            board.scene = Some(scene);
        });
    });
    let pick = move |node: &SmolStr| {
        let texts = app.texts_now();
        let says = app.ask(|s| {
            let model = s.stage();
            let filter = sight.filter.read_untracked();
            model.nodes.get(node).map(|facts| cell_says(facts, &load(model, node, &filter), texts))
        });
        app.said.set(says.unwrap_or_default().to_string());
        app.asked.set(SmolStr::default());
        app.picked.set(Some(object_id("nodes", "", node)));
    };
    let enter = move |node: &SmolStr| {
        camera.set(Camera::default());
        sight.zoom.set(Zoom::Node(node.clone()));
    };
    let closer = move |by: f64, at: (f64, f64)| {
        let near = board.with_value(|b| {
            let next = camera.get_untracked().zoomed(by, at, &b.plan);
            camera.set(next);
            (by > 1.0 && next.is_near(&b.plan))
                .then(|| cell_near(&b.plan, next.world(at)).map(|c| c.node.clone()))
                .flatten()
        });
        if let Some(node) = near {
            enter(&node);
        }
    };
    // The buttons and keys of the stage zoom around what is picked, else the middle.
    Effect::new(move |_| {
        let Some((by, _)) = sight.nudge.get() else { return };
        let Some(area) = area.get_untracked() else { return };
        if !matches!(sight.zoom.get_untracked(), Zoom::All) || other {
            return;
        }
        let middle = (f64::from(area.w) / 2.0, f64::from(area.h) / 2.0);
        let at = board.with_value(|b| {
            let picked = b.scene.as_ref().map(|s| s.picked.clone()).unwrap_or_default();
            let cell = b.plan.cells.iter().find(|c| c.node == picked);
            let view = camera.get_untracked();
            cell.map(|c| view.screen((c.x + b.plan.w / 2.0, c.y + b.plan.h / 2.0)))
        });
        let at = at.filter(|(x, y)| *x >= 0.0 && *y >= 0.0 && *x <= middle.0 * 2.0 && *y <= middle.1 * 2.0);
        closer(if by > 0 { 2.0 } else { 0.5 }, at.unwrap_or(middle));
    });
    let point = move |event: &MouseEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let under = move |at: (f64, f64)| {
        board.with_value(|b| cell_at(&b.plan, camera.get_untracked().world(at)).map(|c| c.node.clone()))
    };
    let drag = StoredValue::new(None::<(i32, i32, bool)>);
    let moves = move |event: PointerEvent| {
        let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some((x, y, far)) = drag.get_value() {
            let (dx, dy) = (event.client_x() - x, event.client_y() - y);
            if far || dx.abs() + dy.abs() > 4 {
                drag.set_value(Some((event.client_x(), event.client_y(), true)));
                board.with_value(|b| camera.update(|c| *c = c.moved(f64::from(dx), f64::from(dy), &b.plan)));
                tip.set(None);
                return;
            }
        }
        let says = under(at).and_then(|node| {
            let texts = app.texts_now();
            app.ask(|s| {
                let model = s.stage();
                let facts = model.nodes.get(&node)?;
                Some(cell_says(facts, &load(model, &node, &sight.filter.read_untracked()), texts).to_string())
            })
        });
        let next = says.map(|says| (at.0 as i32, at.1 as i32, says));
        if next.is_some() || tip.read_untracked().is_some() {
            tip.set(next);
        }
    };
    let keys = move |event: KeyboardEvent| {
        let way = match event.key().as_str() {
            "ArrowLeft" => (-1.0, 0.0),
            "ArrowRight" => (1.0, 0.0),
            "ArrowUp" => (0.0, -1.0),
            "ArrowDown" => (0.0, 1.0),
            "+" | "=" => {
                event.prevent_default();
                return sight.nudge(1);
            }
            "-" => {
                event.prevent_default();
                return sight.nudge(-1);
            }
            "Enter" => {
                let node = board.with_value(|b| b.scene.as_ref().map(|s| s.picked.clone()));
                if let Some(node) = node.filter(|n| !n.is_empty()) {
                    event.prevent_default();
                    enter(&node);
                }
                return;
            }
            "Escape" => {
                camera.set(Camera::default());
                app.picked.set(None);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        let next = board.with_value(|b| {
            let here = b.scene.as_ref().map(|s| s.picked.clone()).unwrap_or_default();
            beside(&b.plan, &here, way).map(|c| (c.node.clone(), c.x + b.plan.w / 2.0, c.y + b.plan.h / 2.0))
        });
        let Some((node, x, y)) = next else { return };
        pick(&node);
        // What is picked stays in view.
        board.with_value(|b| {
            let (sx, sy) = camera.get_untracked().screen((x, y));
            let out = |v: f64, most: f64| {
                if v < 0.0 {
                    -v + 20.0
                } else if v > most {
                    most - v - 20.0
                } else {
                    0.0
                }
            };
            let (dx, dy) = (out(sx, b.plan.width), out(sy, b.plan.height));
            if dx != 0.0 || dy != 0.0 {
                camera.update(|c| *c = c.moved(dx, dy, &b.plan));
            }
        });
    };
    // The sentence for screen readers follows time by the second, not every write.
    let second = Memo::new(move |_| {
        app.stage.track();
        app.ask(|s| if s.paused { s.stage().version } else { s.now().unsigned_abs() / 1000 })
    });
    let label = Memo::new(move |_| {
        second.get();
        if area.get().is_none() {
            String::new()
        } else {
            app.ask(|s| says(s.stage(), app.texts()).to_string())
        }
    });
    let place = move || {
        area.get()
            .map(|r| format!("left:{}px;top:{}px;width:{}px;height:{}px", r.x, r.y, r.w, r.h))
            .unwrap_or_default()
    };
    view! {
        <div
            class="fleet"
            class:hidden=move || area.get().is_none()
            role="application"
            tabindex="0"
            style=place
            aria-label=move || format!("{}. {}", label.get(), app.texts().chart().fleet_help)
            on:keydown=keys
        >
            <canvas
                node_ref=canvas
                on:click=move |event: MouseEvent| {
                    let far = drag.get_value().is_some_and(|d| d.2);
                    drag.set_value(None);
                    if let Some(node) = under(point(&event)).filter(|_| !far) {
                        pick(&node);
                        app.panel.set(Panel::Inspector);
                    }
                }
                on:dblclick=move |event: MouseEvent| {
                    if let Some(node) = under(point(&event)) {
                        enter(&node);
                    }
                }
                on:wheel=move |event: WheelEvent| {
                    event.prevent_default();
                    let by = (-event.delta_y() * if event.delta_mode() == 0 { 0.0018 } else { 0.06 }).exp();
                    closer(by, (f64::from(event.offset_x()), f64::from(event.offset_y())));
                }
                on:pointerdown=move |event: PointerEvent| {
                    drag.set_value(Some((event.client_x(), event.client_y(), false)));
                }
                on:pointermove=moves
                on:pointerleave=move |_| {
                    drag.set_value(None);
                    tip.set(None);
                }
            ></canvas>
            {move || tip.get().map(|(x, y, says)| {
                let wide = area.get_untracked().map_or(0, |r| r.w);
                let (side, x) = if x * 2 > wide { ("right", wide - x + 8) } else { ("left", x + 14) };
                view! { <p class="tip" aria-hidden="true" style=format!("{side}:{x}px;top:{}px", y + 12)>{says}</p> }
            })}
        </div>
    }
}

fn cells_in_view(plan: &Plan, camera: Camera) -> impl Iterator<Item = &Cell> {
    plan.cells.iter().filter(move |c| {
        let (x, y) = camera.screen((c.x, c.y));
        x + plan.w * camera.scale > 0.0
            && y + plan.h * camera.scale > 0.0
            && x < plan.width
            && y < plan.height
    })
}

/// Paints one scene.
struct Brush<'a> {
    ctx: CanvasRenderingContext2d,
    scene: &'a Scene,
    plan: &'a Plan,
    inks: &'a Inks,
}

impl<'a> Brush<'a> {
    fn of(
        element: &HtmlCanvasElement,
        area: Rect,
        scene: &'a Scene,
        plan: &'a Plan,
        inks: &'a Inks,
    ) -> Option<Self> {
        let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
        let (w, h) = ((f64::from(area.w) * ratio) as u32, (f64::from(area.h) * ratio) as u32);
        if (element.width(), element.height()) != (w, h) {
            element.set_width(w);
            element.set_height(h);
        }
        let ctx: CanvasRenderingContext2d = element.get_context("2d").ok()??.dyn_into().ok()?;
        drop(ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0));
        Some(Self { ctx, scene, plan, inks })
    }

    fn fill(&self, ink: &str, x: f64, y: f64, w: f64, h: f64) {
        self.ctx.set_fill_style_str(ink);
        self.ctx.fill_rect(x, y, w, h);
    }

    fn frame(&self, ink: &str, wide: f64, x: f64, y: f64, w: f64, h: f64) {
        self.ctx.set_stroke_style_str(ink);
        self.ctx.set_line_width(wide);
        self.ctx.stroke_rect(x, y, w, h);
    }

    fn lines(&self, ink: &str, wide: f64, lines: &[(f64, f64, f64, f64)]) {
        self.ctx.set_stroke_style_str(ink);
        self.ctx.set_line_width(wide);
        self.ctx.begin_path();
        for (x, y, to_x, to_y) in lines {
            self.ctx.move_to(*x, *y);
            self.ctx.line_to(*to_x, *to_y);
        }
        self.ctx.stroke();
    }

    fn words(&self, ink: &str, font: &str, x: f64, y: f64, says: &str) {
        self.ctx.set_fill_style_str(ink);
        self.ctx.set_font(&format!("{font} {}", self.inks.mono));
        drop(self.ctx.fill_text(says, x, y));
    }

    fn all(&mut self, model: &Model) {
        let (plan, camera) = (self.plan, self.scene.camera);
        self.fill(&self.inks.water, 0.0, 0.0, plan.width, plan.height);
        for field in &plan.fields {
            let (x, y) = camera.screen((field.x, field.y));
            let (w, h) = (field.w * camera.scale, field.h * camera.scale);
            self.fill(&self.inks.land, x, y, w, h);
            self.frame(&self.inks.coast, 1.2, x + 0.5, y + 0.5, w - 1.0, h - 1.0);
            if !field.title.is_empty() {
                let room = field.w * camera.scale - 50.0;
                let title = fit(&field.title, room as i32, 69);
                self.words(&self.inks.ink, "600 11.5px", x.max(2.0) + 2.0, y - 5.0, &title);
                let count = field.count.to_string();
                let end = (x + w).min(plan.width) - 7.0 * count.len() as f64 - 2.0;
                self.words(&self.inks.ink3, "11.5px", end, y - 5.0, &count);
            }
        }
        for cell in cells_in_view(plan, camera) {
            self.cell(model, cell);
        }
    }

    fn cell(&mut self, model: &Model, cell: &Cell) {
        let Some(facts) = model.nodes.get(&cell.node) else { return };
        let (plan, scene, camera) = (self.plan, self.scene, self.scene.camera);
        let (x, y) = camera.screen((cell.x, cell.y));
        let (w, h) = (plan.w * camera.scale, plan.h * camera.scale);
        let load = load(model, &cell.node, &scene.filter);
        let look = look(facts, &load, scene.metric, &scene.filter);
        // A ring may have stood around it.
        self.fill(&self.inks.land, x - 1.5, y - 1.5, w + 3.0, h + 3.0);
        let large = w >= PODS_FROM && h >= PODS_FROM * 0.7;
        if large {
            self.near(model, cell, look, (x, y, w, h));
        } else {
            self.ctx.set_global_alpha(if look.faint { 0.35 } else { 1.0 });
            self.fill(&self.inks.heat[usize::from(look.heat)], x, y, w, h);
            self.ctx.set_global_alpha(1.0);
        }
        self.sign(look.sign, (x, y, w, h), large);
        if scene.picked == cell.node {
            self.frame(&self.inks.act, 2.4, x - 0.2, y - 0.2, w + 0.4, h + 0.4);
        }
    }

    /// A cell large enough for its pods: a strip of heat, its name, a shape per pod.
    fn near(&self, model: &Model, cell: &Cell, look: Look, (x, y, w, h): (f64, f64, f64, f64)) {
        self.fill(&self.inks.pod, x, y, w, h);
        self.frame(&self.inks.coast, 1.0, x + 0.5, y + 0.5, w - 1.0, h - 1.0);
        let strip = (w * 0.06).clamp(3.0, 8.0);
        // Full height is all of it: the strip is read by its length too.
        self.fill(&self.inks.heat[0], x + 1.0, y + 1.0, strip, h - 2.0);
        let part = f64::from(look.heat) / 5.0;
        let ink = &self.inks.heat[usize::from(look.heat)];
        self.fill(ink, x + 1.0, y + 1.0 + (h - 2.0) * (1.0 - part), strip, (h - 2.0) * part);
        let head = if w >= NAME_FROM && h >= 34.0 { 15.0 } else { 3.0 };
        if head > 3.0 {
            let room = w - strip - if look.sign == Sign::None { 8.0 } else { 24.0 };
            let name = crate::format::fit_end(&cell.node, room as i32, 67);
            self.words(&self.inks.ink, "11px", x + strip + 4.0, y + 12.0, &name);
        }
        let places = states(model, &cell.node, &self.scene.filter);
        if places.is_empty() {
            return;
        }
        let (left, top) = (x + strip + 4.0, y + head + 1.0);
        let (room_w, room_h) = (w - strip - 6.0, h - head - 4.0);
        let mut step = 16.0f64;
        let count = places.len() as f64;
        while step > 3.0 && (room_w / step).floor() * (room_h / step).floor() < count {
            step -= 0.5;
        }
        let across = (room_w / step).floor().max(1.0) as usize;
        let size = (step - if step > 6.0 { 2.0 } else { 1.0 }).max(1.5);
        // One colour at a time: changing it costs more than a shape.
        for state in STATES {
            let ink = self.inks.of(state);
            self.ctx.set_fill_style_str(ink);
            self.ctx.set_stroke_style_str(ink);
            self.ctx.set_line_width(if size > 7.0 { 1.5 } else { 1.0 });
            self.ctx.begin_path();
            for (i, _) in places.iter().enumerate().filter(|(_, s)| **s == Some(state)) {
                let (px, py) = (left + (i % across) as f64 * step, top + (i / across) as f64 * step);
                if py + size > y + h {
                    break;
                }
                self.shape(state, px, py, size);
            }
            self.ctx.stroke();
        }
    }

    /// A pod as a shape: full when ready, hollow on its way, crossed when failed, low when ending.
    fn shape(&self, state: PodState, x: f64, y: f64, size: f64) {
        let (c, s) = (&self.ctx, size);
        match state {
            PodState::Ready => c.fill_rect(x, y, s, s),
            PodState::Completed => c.fill_rect(x + s * 0.25, y + s * 0.25, s * 0.5, s * 0.5),
            PodState::Starting | PodState::Pending => c.rect(x + 0.5, y + 0.5, s - 1.0, s - 1.0),
            PodState::NotReady => {
                c.rect(x + 0.5, y + 0.5, s - 1.0, s - 1.0);
                c.fill_rect(x, y + s * 0.5, s, s * 0.5);
            }
            PodState::Ending => c.fill_rect(x, y + s * 0.62, s, s * 0.38),
            PodState::Failed | PodState::BackOff => {
                c.move_to(x, y);
                c.line_to(x + s, y + s);
                c.move_to(x + s, y);
                c.line_to(x, y + s);
            }
            PodState::Unknown => {
                c.move_to(x, y + s * 0.5);
                c.line_to(x + s, y + s * 0.5);
            }
        }
    }

    /// Trouble in a shape: a cross, a slash, a diamond, a triangle; on a large cell in its corner.
    fn sign(&self, sign: Sign, (x, y, w, h): (f64, f64, f64, f64), large: bool) {
        let size = if large { 12.0 } else { w.min(h) };
        let (sx, sy) =
            if large { (x + w - size - 2.0, y + 2.0) } else { (x + (w - size) / 2.0, y + (h - size) / 2.0) };
        let (mid_x, mid_y, r) = (sx + size / 2.0, sy + size / 2.0, size * 0.36);
        let ground = |ink: &str| {
            self.fill(&self.inks.pod, sx, sy, size, size);
            self.frame(ink, 1.6, x + 0.8, y + 0.8, w - 1.6, h - 1.6);
        };
        match sign {
            Sign::None => {}
            Sign::Lost => {
                ground(&self.inks.bad);
                let cross = [
                    (mid_x - r, mid_y - r, mid_x + r, mid_y + r),
                    (mid_x + r, mid_y - r, mid_x - r, mid_y + r),
                ];
                self.lines(&self.inks.bad, 1.8, &cross);
            }
            Sign::Cordoned => {
                ground(&self.inks.ink3);
                let slashes = [-0.5, 0.0, 0.5].map(|o| {
                    let o = o * size;
                    ((mid_x - r + o).max(sx), mid_y + r, (mid_x + r + o).min(sx + size), mid_y - r)
                });
                self.lines(&self.inks.ink3, 1.3, &slashes);
            }
            Sign::Pressure | Sign::Trouble => {
                let ink = if sign == Sign::Pressure { &self.inks.work } else { &self.inks.bad };
                ground(ink);
                self.ctx.set_fill_style_str(ink);
                self.ctx.begin_path();
                self.ctx.move_to(mid_x, mid_y - r);
                if sign == Sign::Pressure {
                    self.ctx.line_to(mid_x + r, mid_y);
                    self.ctx.line_to(mid_x, mid_y + r);
                    self.ctx.line_to(mid_x - r, mid_y);
                } else {
                    self.ctx.line_to(mid_x + r, mid_y + r);
                    self.ctx.line_to(mid_x - r, mid_y + r);
                }
                self.ctx.fill();
            }
        }
    }
}

const STATES: [PodState; 9] = [
    PodState::Ready,
    PodState::Completed,
    PodState::Starting,
    PodState::NotReady,
    PodState::Ending,
    PodState::Pending,
    PodState::Unknown,
    PodState::BackOff,
    PodState::Failed,
];
