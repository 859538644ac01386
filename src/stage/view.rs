//! The stage on the page: an SVG as large as its place, one painter per layer, pointer and keyboard.

use std::rc::Rc;

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::svg::G;
use objects::Value;
use ordered::BTreeMap;
use smol_str::SmolStr;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, EventTarget, ResizeObserver};

use super::apart::{apart, count};
use super::canvas::Fleet;
use super::draw::{Artist, Focus, LAYERS};
use super::facts::{ObjectId, split_id};
use super::layout::{Layout, Level, Sight, View, layout_of, places};
use super::tools::{Zoom, farther, go, nearer};
use super::walk::{Way, neighbour};
use crate::app::{App, Panel, ic, word};
use crate::mark::Rect;
use crate::paint::Painter;

/// Width and height of an element in whole px, kept up to date.
pub fn sized(frame: NodeRef<Div>) -> RwSignal<(i32, i32)> {
    let size = RwSignal::new((0, 0));
    Effect::new(move |_| {
        let Some(element) = frame.get() else { return };
        let measured: Element = element.clone().into();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let now = (measured.client_width(), measured.client_height());
            // A frame that has gone may be measured once more.
            if size.try_get_untracked().is_some_and(|old| old != now) {
                let _ = size.try_set(now);
            }
        });
        if let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
        }
        // Most frames live as long as the page.
        measure.forget();
    });
    size
}

/// The id of the object that an event is about.
pub fn object_at(target: Option<EventTarget>) -> Option<ObjectId> {
    let element: Element = target?.dyn_into().ok()?;
    let holder = element.closest("[data-id]").ok()??;
    holder.get_attribute("data-id").map(ObjectId::from)
}

/// The value of an attribute of what an event is about, or of what holds it.
pub fn data_at(target: Option<EventTarget>, name: &str) -> Option<String> {
    let element: Element = target?.dyn_into().ok()?;
    element.closest(&format!("[{name}]")).ok()??.get_attribute(name)
}

/// Pods looked at for what is related to an object, where they are not drawn one by one.
const FEW: usize = 64;

/// What the stage remembers from picture to picture.
#[derive(Default)]
struct Easel {
    artist: Artist,
    painters: Vec<Painter>,
    level: Option<Level>,
    layout: Option<Layout>,
}

/// What was last asked of the cluster for a picture of so many nodes and Services.
#[derive(Default)]
struct Glance {
    shown: (usize, usize),
    usage: BTreeMap<SmolStr, (i64, i64)>,
    unheard: BTreeMap<ObjectId, SmolStr>,
}

#[component]
pub fn Stage(
    app: App,
    /// The line of time beside the one that goes on.
    other: bool,
) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let size = sized(frame);
    let layers: [NodeRef<G>; LAYERS.len()] = std::array::from_fn(|_| NodeRef::new());
    let hover = RwSignal::new(None::<ObjectId>);
    let easel = StoredValue::new_local(Easel::default());
    // Seconds that are counted down on ending pods and up on lost nodes move the picture, other time doesn't.
    let second = Memo::new(move |_| {
        app.time.track();
        app.ask(|s| (if s.counts_seconds() { s.now() / 1000 } else { 0 }, s.route().is_some()))
    });
    let sight = app.sight;
    let land = RwSignal::new(None::<Rect>);
    let active = RwSignal::new(None::<ObjectId>);
    let usage = StoredValue::new_local((0u64, Glance::default()));
    // How much differs from the other line of time; nobody knows of pods that are not drawn one by one.
    let differs = RwSignal::new(None::<(i64, i64)>);
    // The chart of objects is drawn while the reader looks at all of it, or at one node.
    let charts =
        Memo::new(move |_| !sight.text.get() && matches!(sight.zoom.get(), Zoom::All | Zoom::Node(_)));
    // A glance goes back to the whole when what it was at has gone.
    Effect::new(move |_| {
        let zoom = sight.zoom.get();
        app.stage.track();
        if let Zoom::Node(name) = &zoom
            && !other
            && app.ask(|s| !s.stage().nodes.contains_key(name) && !s.looks_back())
        {
            sight.zoom.set(Zoom::All);
        }
    });
    Effect::new(move |_| {
        app.stage.track();
        second.get();
        let (width, height) = size.get();
        let lang = app.lang.get();
        let picked = app.picked.get();
        let over = hover.get();
        let filter = sight.filter.get();
        let zoom = sight.zoom.get();
        if width == 0 || height == 0 || !charts.get() {
            land.set(None);
            active.set(None);
            return;
        }
        let easel = &mut *easel.write_value();
        if easel.painters.is_empty() {
            let roots = layers.iter().filter_map(|layer| Painter::new(layer.get()?.into()));
            easel.painters = roots.collect();
        }
        app.past.track();
        app.beside.track();
        let node = if let Zoom::Node(name) = &zoom { Some(name.as_str()) } else { None };
        let marks = app.ask(|s| {
            let view = View { width, height, narrow: width <= 640 };
            let (model, now) = if other { s.other()? } else { (s.stage(), s.now()) };
            let layout = layout_of(model, view, easel.level, Sight { filter: &filter, node });
            let route = if other { None } else { s.route() };
            let mut focus = Focus { picked, route, ..Focus::default() };
            if let Some(over) = over.or_else(|| focus.picked.clone()) {
                // Where pods are no elements, none of them can be lit.
                let most = if layout.fleet.is_some() { FEW } else { usize::MAX };
                focus.lit = model.related(&over, most);
            }
            if let Some((beside, _)) = s.other() {
                focus.aparts = apart(model, if other { s.stage() } else { beside }, &layout);
                let counts = layout.fleet.is_none().then(|| count(&focus.aparts));
                if differs.get_untracked() != counts {
                    differs.set(counts);
                }
            }
            if !other {
                // What is asked of the cluster itself moves slowly: a glance each quarter of a second is enough.
                let quarter = if s.paused { model.version } else { now.unsigned_abs() / 250 };
                usage.update_value(|(at, known)| {
                    let shown = (layout.nodes.len(), layout.services.len());
                    if *at != quarter || known.shown != shown {
                        *at = quarter;
                        *known = Glance {
                            shown,
                            usage: s.usage(layout.nodes.iter().map(|n| &n.facts.name)),
                            unheard: s.unheard(layout.services.iter().map(|p| &p.facts.id)),
                        };
                    }
                    focus.usage.clone_from(&known.usage);
                    focus.unheard.clone_from(&known.unheard);
                });
            }
            let marks = easel.artist.draw(model, &layout, lang, &focus, now);
            easel.level = Some(layout.level);
            if land.get_untracked() != layout.fleet {
                land.set(layout.fleet);
            }
            if !other && sight.fleet.get_untracked() != layout.fleet.is_some() && node.is_none() {
                sight.fleet.set(layout.fleet.is_some());
            }
            easel.layout = Some(layout);
            Some(marks)
        });
        let Some(marks) = marks else { return };
        for (painter, layer) in easel.painters.iter_mut().zip(marks) {
            painter.paint(layer);
        }
        // What is picked may not be drawn: it has no name to refer to then.
        let drawn = app.picked.get_untracked().filter(|id| {
            let at = |layout: &Layout| places(layout).iter().any(|(place, _)| place == id);
            easel.layout.as_ref().is_some_and(at)
        });
        if active.get_untracked() != drawn {
            active.set(drawn);
        }
    });
    // Until a turn of the wheel is far enough for the next step, the picture grows or shrinks with it.
    let pull = RwSignal::new((0.0f64, 0.0f64, 0.0f64));
    let wheel = move |event: WheelEvent| {
        event.prevent_default();
        let by = -event.delta_y() * if event.delta_mode() == 0 { 1.0 } else { 33.0 };
        let far = pull.get_untracked().0 + by;
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if far > 360.0 {
            pull.set((0.0, x, y));
            if let Some(id) = object_at(event.target()).filter(|id| !id.starts_with("services/")) {
                app.picked.set(Some(id));
            }
            nearer(app);
        } else if far < -240.0 {
            pull.set((0.0, x, y));
            farther(app);
        } else {
            let all = matches!(sight.zoom.get_untracked(), Zoom::All);
            pull.set((if all { far.max(0.0) } else { far }, x, y));
        }
    };
    let stretch = move || {
        let (far, x, y) = pull.get();
        if far == 0.0 {
            return String::new();
        }
        format!("transform-origin:{x}px {y}px;transform:scale({:.3})", (far / 700.0).exp())
    };
    // An unfinished turn is forgotten with the pointer.
    let let_go = move || {
        hover.set(None);
        if pull.get_untracked().0 != 0.0 {
            pull.set((0.0, 0.0, 0.0));
        }
    };
    let pick = move |id: Option<ObjectId>, open: bool| {
        if let Some(id) = &id {
            let label =
                document().get_element_by_id(&format!("o:{id}")).and_then(|e| e.get_attribute("aria-label"));
            app.said.set(label.unwrap_or_default());
            if open {
                app.panel.set(Panel::Inspector);
            }
        }
        app.asked.set(ObjectId::default());
        app.picked.set(id);
    };
    let keys = move |event: KeyboardEvent| {
        let way = match event.key().as_str() {
            "ArrowLeft" => Way::Left,
            "ArrowRight" => Way::Right,
            "ArrowUp" => Way::Up,
            "ArrowDown" => Way::Down,
            "Escape" => {
                pick(None, false);
                return;
            }
            "Enter" => {
                pick(app.picked.get_untracked(), true);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        let places = easel.with_value(|e| e.layout.as_ref().map(places).unwrap_or_default());
        let next = match app.picked.get_untracked() {
            Some(here) if places.iter().any(|(id, _)| *id == here) => neighbour(&places, &here, way),
            _ => places.first().map(|(id, _)| id.clone()),
        };
        if next.is_some() {
            pick(next, false);
        }
    };
    let empty = Memo::new(move |_| {
        app.stage.track();
        app.ask(|s| !other && s.stage().is_bare())
    });
    let learning = Memo::new(move |_| {
        app.lesson.track();
        app.ask(|s| s.progress().is_some())
    });
    let label = move || {
        app.time.track();
        let name = app.beside.get();
        let apart = differs.get().map(|(only, otherwise)| (app.texts().time().apart)(only, otherwise));
        app.ask(|s| {
            let shown = s.branches().iter().find(|b| b.2).map(|b| b.0);
            let zero = s.now() - s.elapsed();
            let (name, at) = if other { (name, s.other().map_or(0, |(_, at)| at)) } else { (shown, s.now()) };
            let (name, at) = (name.unwrap_or(' '), crate::format::reading(at - zero));
            apart.map_or_else(|| format!("{name} {at}"), |apart| format!("{name} {at} · {apart}"))
        })
    };
    view! {
        <div class="half" class:other=other>
        <p class="side m" class:hidden=move || app.beside.get().is_none()>{label}</p>
        <div class="frame" node_ref=frame>
            <svg
                class="tree"
                class:hidden=move || !charts.get()
                style=stretch
                role="tree"
                tabindex="0"
                aria-label=move || format!("{}. {}", app.texts().stage().stage, app.texts().stage().stage_help)
                aria-activedescendant=move || active.get().map(|id| format!("o:{id}"))
                width=move || size.get().0
                height=move || size.get().1
                on:click=move |event: MouseEvent| pick(object_at(event.target()), true)
                on:pointerover=move |event: PointerEvent| hover.set(object_at(event.target()))
                on:pointerleave=move |_| let_go()
                on:focusin=move |event: leptos::ev::FocusEvent| hover.set(object_at(event.target()))
                on:wheel=wheel
                on:dblclick=move |event: MouseEvent| {
                    if object_at(event.target()).is_some_and(|id| id.starts_with("pods/") || id.starts_with("nodes/")) {
                        nearer(app);
                    }
                }
                on:keydown=keys
            >
                {layers
                    .into_iter()
                    .zip(LAYERS)
                    .map(|(layer, name)| view! { <g class=name role="none" node_ref=layer></g> })
                    .collect_view()}
            </svg>
            <Fleet app other area=land />
            <Show when=move || !charts.get()>
                <Close app other />
            </Show>
            <Show when=move || empty.get() && charts.get()>
                <div class="empty start">
                    <b>{word(app, |t| t.stage().empty_title)}</b>
                    <p>
                        {word(app, |t| t.stage().empty_text)} " "
                        <span class:hidden=move || learning.get()>{word(app, |t| t.stage().empty_command)}</span>
                    </p>
                    <button class="runs" class:hidden=move || learning.get() on:click=move |_| app.run(FIRST)>
                        {ic("#i-play")}
                        <code>{FIRST}</code>
                    </button>
                </div>
            </Show>
        </div>
        </div>
    }
}

/// The one command that fills an empty stage.
const FIRST: &str = "kubectl apply -f web.yaml";

/// One pod or container from near, or the whole stage in words.
#[component]
fn Close(app: App, other: bool) -> impl IntoView {
    let sight = app.sight;
    let body = NodeRef::<Div>::new();
    let painter = StoredValue::new_local(None::<Painter>);
    let quarter = Memo::new(move |_| {
        app.time.track();
        app.ask(|s| s.now() / 500)
    });
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        app.stage.track();
        app.past.track();
        let texts = app.texts();
        let (zoom, filter) = (sight.zoom.get(), sight.filter.get());
        if !sight.text.get() {
            quarter.get();
        }
        let marks = app.ask(|s| {
            let model = match s.other() {
                Some((model, _)) if other => model,
                _ => s.stage(),
            };
            if sight.text.get() {
                let unheard = s.unheard(model.services.keys());
                return super::outline::outline(model, &filter, &unheard, texts);
            }
            let (Zoom::Pod(id) | Zoom::Container(id, _)) = &zoom else { return Vec::new() };
            let (resource, namespace, name) = split_id(id);
            let object = s.object(resource, namespace, name).cloned().unwrap_or(Value::Null);
            if object.is_null() {
                let gone = crate::mark::Mark::new("p", "empty").says(texts.chart().pod_gone);
                return vec![("gone".into(), gone)];
            }
            let used = |container: &str| s.container_usage(id, container);
            match &zoom {
                Zoom::Container(_, container) => super::close::container(&object, container, &used, texts),
                _ => super::close::pod(model, &object, &used, texts),
            }
        });
        painter.update_value(|painter| {
            if painter.is_none() {
                *painter = Painter::new(root.into());
            }
            if let Some(painter) = painter {
                painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
            }
        });
    });
    let click = move |event: MouseEvent| {
        if let Some(container) = data_at(event.target(), "data-container") {
            if let Zoom::Pod(id) = sight.zoom.get_untracked() {
                go(app, Zoom::Container(id, container.as_str().into()));
            }
        } else if let Some(id) = object_at(event.target()) {
            app.open(id);
        }
    };
    view! {
        <div
            class="close"
            class:outline=move || sight.text.get()
            role="region"
            tabindex="0"
            aria-label=move || if sight.text.get() { app.texts().stage().stage } else { app.texts().chart().way }
            node_ref=body
            on:click=click
            on:keydown=move |event: KeyboardEvent| {
                if event.key() == "Escape" && !sight.text.get_untracked() {
                    event.prevent_default();
                    farther(app);
                }
            }
        ></div>
    }
}
