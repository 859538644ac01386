//! Above the stage: where one is, nearer and farther, filters, the form of the picture.
//!
//! Owns: [`Sight`], what the reader has chosen to see of the stage, and its controls. Does not own: the picture.

use leptos::prelude::*;
use smol_str::SmolStr;

use super::facts::{ObjectId, object_id, split_id};
use super::filter::{Filter, KINDS};
use super::fleet::{GROUPS, Group, METRICS, Metric};
use crate::app::{App, ic, word};
use crate::format::suffix;
use crate::panels::past::view::Past;
use crate::session::Session;

/// How near the reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zoom {
    All,
    Node(SmolStr),
    Pod(ObjectId),
    Container(ObjectId, SmolStr),
}

/// What the reader has chosen to see.
#[derive(Clone, Copy)]
pub struct Sight {
    pub zoom: RwSignal<Zoom>,
    pub filter: RwSignal<Filter>,
    pub metric: RwSignal<Metric>,
    pub group: RwSignal<Group>,
    /// The stage is written, not drawn.
    pub text: RwSignal<bool>,
    /// There is too much to draw object by object.
    pub fleet: RwSignal<bool>,
    /// Nearer or farther within the fleet, and the how-manieth time.
    pub nudge: RwSignal<Option<(i32, u32)>>,
    pub filters_open: RwSignal<bool>,
    /// Counts sessions: nothing of a picture of another one holds.
    pub fresh: StoredValue<u32>,
}

impl Sight {
    #[must_use]
    pub fn new() -> Self {
        Self {
            zoom: RwSignal::new(Zoom::All),
            filter: RwSignal::new(Filter::default()),
            metric: RwSignal::new(Metric::Cpu),
            group: RwSignal::new(Group::Zone),
            text: RwSignal::new(false),
            fleet: RwSignal::new(false),
            nudge: RwSignal::new(None),
            filters_open: RwSignal::new(false),
            fresh: StoredValue::new(0),
        }
    }

    pub fn nudge(self, by: i32) {
        self.nudge.update(|n| *n = Some((by, n.map_or(0, |(_, count)| count + 1))));
    }
}

impl Default for Sight {
    fn default() -> Self {
        Self::new()
    }
}

/// The way down to something: node, pod, container.
fn container_of(app: App, pod: &str) -> Option<SmolStr> {
    let (resource, namespace, name) = split_id(pod);
    app.ask(|s| {
        let object = s.object(resource, namespace, name)?;
        object.at(&["spec", "containers"]).items().first().map(|c| c.get("name").text().into())
    })
}

/// One step nearer to what is picked.
pub fn nearer(app: App) {
    let sight = app.sight;
    let picked = app.picked.get_untracked().unwrap_or_default();
    let pod = |id: &str| app.ask(|s| s.stage().any_pod(id).map(|p| (p.id.clone(), p.node.clone())));
    let next = match sight.zoom.get_untracked() {
        Zoom::All if sight.fleet.get_untracked() => return sight.nudge(1),
        Zoom::All => match (pod(&picked), picked.strip_prefix("nodes//")) {
            (Some((id, node)), _) => Some(if node.is_empty() { Zoom::Pod(id) } else { Zoom::Node(node) }),
            (_, Some(node)) => Some(Zoom::Node(node.into())),
            _ => app.ask(|s| s.stage().workers().first().map(|n| Zoom::Node(n.name.clone()))),
        },
        Zoom::Node(node) => {
            let there = pod(&picked).filter(|(_, at)| *at == node).map(|(id, _)| id);
            let first = || {
                app.ask(|s| {
                    let held = [&s.stage().slots, &s.stage().system_slots].into_iter();
                    held.filter_map(|slots| slots.get(&node))
                        .flat_map(|s| s.places.iter().flatten())
                        .next()
                        .cloned()
                })
            };
            there.or_else(first).map(Zoom::Pod)
        }
        Zoom::Pod(id) => container_of(app, &id).map(|name| Zoom::Container(id, name)),
        Zoom::Container(..) => None,
    };
    if let Some(next) = next {
        go(app, next);
    }
}

/// One step back.
pub fn farther(app: App) {
    let sight = app.sight;
    let next = match sight.zoom.get_untracked() {
        Zoom::All => {
            if sight.fleet.get_untracked() {
                sight.nudge(-1);
            }
            return;
        }
        Zoom::Node(_) => Zoom::All,
        Zoom::Pod(id) => match app.ask(|s| s.stage().any_pod(&id).map(|p| p.node.clone())) {
            Some(node) if !node.is_empty() => Zoom::Node(node),
            _ => Zoom::All,
        },
        Zoom::Container(id, _) => Zoom::Pod(id),
    };
    go(app, next);
}

/// Goes there; what is looked at is picked too.
pub fn go(app: App, zoom: Zoom) {
    let id = match &zoom {
        Zoom::All => None,
        Zoom::Node(node) => Some(object_id("nodes", "", node)),
        Zoom::Pod(id) | Zoom::Container(id, _) => Some(id.clone()),
    };
    if let Some(id) = id {
        app.said.set(split_id(&id).2.to_owned());
        app.asked.set(SmolStr::default());
        app.picked.set(Some(id));
    }
    app.sight.zoom.set(zoom);
}

/// The steps from the whole to where one is, with short names.
fn way(app: App, zoom: &Zoom) -> Vec<(String, Zoom)> {
    let mut out = vec![(app.texts().chart().whole.to_owned(), Zoom::All)];
    let (pod, container) = match zoom {
        Zoom::All => return out,
        Zoom::Node(node) => {
            out.push((node.to_string(), zoom.clone()));
            return out;
        }
        Zoom::Pod(id) => (id, None),
        Zoom::Container(id, name) => (id, Some(name)),
    };
    let (node, short) = app
        .ask(|s| {
            let pod = s.stage().any_pod(pod)?;
            let owner = s.stage().owners.get(&pod.owner).map_or("", |o| o.name.as_str());
            Some((pod.node.to_string(), suffix(&pod.name, owner).to_owned()))
        })
        .unwrap_or_else(|| (String::new(), split_id(pod).2.to_owned()));
    if !node.is_empty() {
        let at = Zoom::Node(node.as_str().into());
        out.push((node, at));
    }
    out.push((short, Zoom::Pod(pod.clone())));
    if let Some(name) = container {
        out.push((name.to_string(), zoom.clone()));
    }
    out
}

#[component]
pub fn Tools(app: App) -> impl IntoView {
    let sight = app.sight;
    let steps = Memo::new(move |_| {
        // A pod that comes to its node gets one step more.
        app.stage.track();
        let zoom = sight.zoom.get();
        way(app, &zoom).into_iter().map(|(name, at)| (name, at == zoom, at)).collect::<Vec<_>>()
    });
    let count = Memo::new(move |_| sight.filter.read().count());
    let filter_label = move || match count.get() {
        0 => app.texts().chart().filter.to_owned(),
        n => (app.texts().chart().filters)(i64::from(n)).to_string(),
    };
    let second = Memo::new(move |_| {
        app.time.track();
        app.stage.track();
        app.ask(|s| (s.now() / 1000, s.pictures()))
    });
    let members = Memo::new(move |_| {
        second.get();
        // A command may have brought one.
        app.files.track();
        app.ask(Session::members)
    });
    // What was picked belongs to the cluster that was shown, however one has left it.
    Effect::new(move |before: Option<usize>| {
        let shown = members.read().iter().position(|m| m.shown).unwrap_or(0);
        if before.is_some_and(|before| before != shown) {
            app.picked.set(None);
        }
        shown
    });
    view! {
        <div class="tools" role="toolbar" aria-label=word(app, |t| t.stage().stage)>
            <nav class="way" aria-label=word(app, |t| t.chart().way)>
                <ol>
                    {move || steps.get().into_iter().map(|(name, here, at)| view! {
                        <li>
                            <button
                                class="m"
                                aria-current=here.then_some("true")
                                on:click=move |_| go(app, at.clone())
                            >{name}</button>
                        </li>
                    }).collect_view()}
                </ol>
            </nav>
            <Past app />
            <span class="gap"></span>
            <Show when=move || sight.fleet.get() && sight.zoom.get() == Zoom::All && !sight.text.get()>
                <Legend app />
            </Show>
            <button
                class="btn sm plain filters"
                aria-expanded=move || if sight.filters_open.get() { "true" } else { "false" }
                title=filter_label
                on:click=move |_| sight.filters_open.update(|open| *open = !*open)
            >
                {ic("#i-filter")}
                <span>{word(app, |t| t.chart().filter)}</span>
                {move || (count.get() > 0).then(|| view! { <b class="m">{count.get()}</b> })}
            </button>
            <button
                class="btn sm plain astext"
                aria-pressed=move || if sight.text.get() { "true" } else { "false" }
                title=move || if sight.text.get() { app.texts().chart().as_picture } else { app.texts().chart().as_text }
                aria-label=word(app, |t| t.chart().as_text)
                on:click=move |_| sight.text.update(|text| *text = !*text)
            >
                {ic("#i-list")}
            </button>
            <div class="seg zoom">
                <button
                    aria-label=word(app, |t| t.chart().farther)
                    title=word(app, |t| t.chart().farther)
                    on:click=move |_| farther(app)
                >{ic("#i-minus")}</button>
                <button
                    aria-label=word(app, |t| t.chart().nearer)
                    title=word(app, |t| t.chart().nearer)
                    on:click=move |_| nearer(app)
                >{ic("#i-plus")}</button>
            </div>
        </div>
        <Show when=move || sight.filters_open.get()>
            <Filters app />
        </Show>
        <Show when=move || { members.get().len() > 1 }>
            <div class="members" role="group" aria-label=word(app, |t| t.chart().clusters)>
                {move || members.get().into_iter().map(|m| {
                    let (texts, s) = (app.texts(), m.summary);
                    let mark = if s.is_lost || s.ready_nodes < s.nodes { "\u{2715}" } else { "\u{2713}" };
                    let words = if s.is_lost { texts.chart().dark } else if s.is_hub { texts.chart().hub } else { "" };
                    let numbers = (texts.chart().member)(s.ready_nodes as i64, s.nodes as i64, s.running_pods as i64, s.pods as i64);
                    let name = s.name.to_string();
                    let trouble = mark == "\u{2715}";
                    view! {
                        <button
                            class="member"
                            class:on=m.shown
                            class:bad=trouble
                            aria-pressed=if m.shown { "true" } else { "false" }
                            title=use_context(&name)
                            on:click=move |_| {
                                go(app, Zoom::All);
                                if app.past.get_untracked() {
                                    app.act(|s| s.show_member(&name));
                                } else {
                                    app.run(&use_context(&name));
                                }
                            }
                        >
                            <b class="m">{mark} " " {s.name.to_string()}</b>
                            <small>{words} " " {numbers.to_string()}</small>
                        </button>
                    }
                }).collect_view()}
            </div>
        </Show>
    }
}

/// The command that choosing a cluster equals: what is typed then goes to it, and the picture follows.
fn use_context(name: &str) -> String {
    format!("kubectl config use-context {name}")
}

#[component]
fn Legend(app: App) -> impl IntoView {
    let sight = app.sight;
    let option = |at: usize, says: &'static str, on: bool| view! { <option value=at.to_string() selected=on>{says}</option> };
    let index = |event| event_target_value(&event).parse::<usize>().unwrap_or(0);
    view! {
        <select class="sm" aria-label=word(app, |t| t.chart().cell_shows)
            on:change=move |e| sight.metric.set(METRICS[index(e).min(2)])>
            {move || METRICS.iter().enumerate().map(|(i, m)| option(i, app.texts().chart().metrics[i], *m == sight.metric.get_untracked())).collect_view()}
        </select>
        <span class="heat m" aria-hidden="true">
            "0"<i class="h0"></i><i class="h1"></i><i class="h2"></i><i class="h3"></i><i class="h4"></i><i class="h5"></i>"100 %"
        </span>
        <select class="sm" aria-label=word(app, |t| t.chart().group_by)
            on:change=move |e| sight.group.set(GROUPS[index(e).min(2)])>
            {move || GROUPS.iter().enumerate().map(|(i, g)| option(i, app.texts().chart().groups[i], *g == sight.group.get_untracked())).collect_view()}
        </select>
    }
}

#[component]
fn Filters(app: App) -> impl IntoView {
    let sight = app.sight;
    let names = Memo::new(move |_| {
        app.stage.track();
        app.ask(|s| {
            let stage = s.stage();
            let mut all: Vec<SmolStr> = stage.namespaces.keys().cloned().collect();
            all.extend(stage.owners.values().map(|o| o.namespace.clone()));
            all.extend(stage.services.values().map(|o| o.namespace.clone()));
            all.sort();
            all.dedup();
            all
        })
    });
    let set = move |change: &dyn Fn(&mut Filter)| sight.filter.update(change);
    view! {
        <div class="filterbar" role="group" aria-label=word(app, |t| t.chart().filter)>
            <select class="sm" aria-label=word(app, |t| t.inspector().namespace)
                on:change=move |e| { let name = event_target_value(&e); set(&|f| f.namespace = name.as_str().into()); }>
                <option value="">{word(app, |t| t.objects().all_namespaces)}</option>
                {move || names.get().into_iter().map(|name| {
                    let on = sight.filter.read_untracked().namespace == name;
                    view! { <option value=name.to_string() selected=on>{name.to_string()}</option> }
                }).collect_view()}
            </select>
            <input
                class="m"
                type="text"
                spellcheck="false"
                autocomplete="off"
                aria-label=word(app, |t| t.chart().label_filter)
                placeholder=word(app, |t| t.chart().label_filter)
                prop:value=move || sight.filter.read().labels.to_string()
                on:input=move |e| { let text = event_target_value(&e); set(&|f| f.labels = text.as_str().into()); }
            />
            {KINDS.iter().enumerate().map(|(i, (_, bit))| {
                let bit = *bit;
                view! {
                    <label class="tick">
                        <input type="checkbox" prop:checked=move || sight.filter.read().shows(bit)
                            on:change=move |_| set(&|f| f.hidden ^= bit) />
                        {move || app.texts().chart().kinds[i]}
                    </label>
                }
            }).collect_view()}
            <label class="tick">
                <input type="checkbox" class="sys" prop:checked=move || sight.filter.read().system
                    on:change=move |_| set(&|f| f.system = !f.system) />
                {word(app, |t| t.chart().system)}
            </label>
            <button class="btn sm plain" disabled=move || sight.filter.read().count() == 0
                on:click=move |_| set(&|f| *f = Filter::default())>
                {word(app, |t| t.chart().no_filter)}
            </button>
        </div>
    }
}
