//! The menu at an object: right click, long press, or the menu key.

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FocusOptions, HtmlElement};

use super::deeds;
use crate::app::{App, ic, word};
use crate::stage::facts::{ObjectId, split_id};
use crate::stage::view::object_at;

/// How long a finger rests for the menu.
const LONG_MS: u64 = 500;
/// A finger that moves further than this scrolls or drags, in px.
const STEADY_PX: i32 = 10;

/// Where a menu is open, and of which object.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub id: ObjectId,
    pub x: i32,
    pub y: i32,
}

/// Watches the page for what asks for a menu.
pub fn watch(app: App) {
    window_event_listener(leptos::ev::contextmenu, move |event: MouseEvent| {
        let Some(id) = object_at(event.target()) else { return };
        if open(app, id, event.client_x(), event.client_y()) {
            event.prevent_default();
        }
    });
    // A finger that rests: browsers on phones differ in whether they ask for a menu then.
    let held = StoredValue::new(None::<(i32, i32, u64)>);
    let turns = StoredValue::new(0_u64);
    window_event_listener(leptos::ev::pointerdown, move |event: PointerEvent| {
        if event.pointer_type() != "touch" {
            return;
        }
        let Some(id) = object_at(event.target()) else { return };
        let (x, y) = (event.client_x(), event.client_y());
        turns.update_value(|t| *t += 1);
        let turn = turns.get_value();
        held.set_value(Some((x, y, turn)));
        set_timeout(
            move || {
                if held.get_value().is_some_and(|(.., t)| t == turn) {
                    open(app, id.clone(), x, y);
                }
            },
            std::time::Duration::from_millis(LONG_MS),
        );
    });
    window_event_listener(leptos::ev::pointermove, move |event: PointerEvent| {
        if let Some((x, y, _)) = held.get_value()
            && ((event.client_x() - x).abs() > STEADY_PX || (event.client_y() - y).abs() > STEADY_PX)
        {
            held.set_value(None);
        }
    });
    window_event_listener(leptos::ev::pointerup, move |_| held.set_value(None));
    window_event_listener(leptos::ev::pointercancel, move |_| held.set_value(None));
}

/// Opens the menu of an object; false when there is nothing to do to it.
pub fn open(app: App, id: ObjectId, x: i32, y: i32) -> bool {
    if app.ask(|s| deeds(s, &id).is_empty()) {
        return false;
    }
    app.menu.set(Some(Open { id, x, y }));
    true
}

/// Opens the menu of the picked object, at its place on the stage.
pub fn open_picked(app: App) {
    let Some(id) = app.picked.get_untracked() else { return };
    let place = document().get_element_by_id(&format!("o:{id}")).map(|e| e.get_bounding_client_rect());
    let (x, y) = place.map_or((200, 120), |r| ((r.left() + r.width() / 2.0) as i32, r.top() as i32 + 20));
    open(app, id, x, y);
}

#[component]
pub fn Menu(app: App) -> impl IntoView {
    let root = NodeRef::<Div>::new();
    let items = Memo::new(move |_| {
        let open = app.menu.get();
        open.map(|o| {
            app.ask(|s| deeds(s, &o.id)).into_iter().map(|(n, l)| (n(app.texts()), l)).collect::<Vec<_>>()
        })
        .unwrap_or_default()
    });
    Effect::new(move |_| {
        if app.menu.get().is_some()
            && let Some(root) = root.get()
            && let Ok(Some(first)) = root.query_selector("button")
            && let Ok(first) = first.dyn_into::<HtmlElement>()
        {
            // Before the next key: one that came earlier would go to the prompt.
            let still = FocusOptions::new();
            still.set_prevent_scroll(true);
            drop(first.focus_with_options(&still));
        }
    });
    let shut = move || {
        app.menu.set(None);
        crate::app::focus(".tree");
    };
    let go = move |line: &str| {
        app.menu.set(None);
        app.run(line);
        if let Some(file) = line.split_once(" > ").map(|(_, f)| f.to_owned()) {
            app.go_to_line(&file, 1);
        } else {
            app.show_terminal();
        }
    };
    let keys = move |event: KeyboardEvent| {
        let Some(root) = root.get() else { return };
        let Ok(all) = root.query_selector_all("button") else { return };
        let here = document().active_element();
        let at = (0..all.length())
            .find(|i| all.item(*i).is_some_and(|n| here.as_ref().is_some_and(|h| h.is_same_node(Some(&n)))))
            .unwrap_or(0_u32);
        let last = all.length().saturating_sub(1);
        let to = match event.key().as_str() {
            "ArrowDown" => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            "ArrowUp" => at.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            "Escape" | "Tab" => {
                shut();
                event.prevent_default();
                event.stop_propagation();
                return;
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if let Some(button) = all.item(to).and_then(|n| n.dyn_into::<HtmlElement>().ok()) {
            drop(button.focus());
        }
    };
    view! {
        <Show when=move || app.menu.get().is_some()>
            <div class="menuback" on:pointerdown=move |_| app.menu.set(None) on:contextmenu=|e: MouseEvent| e.prevent_default()></div>
            <div
                class="menu"
                role="menu"
                node_ref=root
                aria-label=move || app.menu.get().map(|o| format!("{} {}", app.texts().deeds().deeds_of, split_id(&o.id).2)).unwrap_or_default()
                style=move || app.menu.get().map(|o| format!("--x:{}px;--y:{}px", o.x, o.y)).unwrap_or_default()
                on:keydown=keys
            >
                <p class="m" lang="en">{move || app.menu.get().map(|o| split_id(&o.id).2.to_owned())}</p>
                {move || items.get().into_iter().map(|(name, line)| {
                    let says = line.to_string();
                    view! {
                        <button role="menuitem" tabindex="-1" on:click=move |_| go(&line)>
                            <span>{name}</span>
                            <code lang="en">{says}</code>
                        </button>
                    }
                }).collect_view()}
                <button role="menuitem" tabindex="-1" on:click=move |_| {
                    if let Some(o) = app.menu.get_untracked() {
                        app.menu.set(None);
                        app.open(o.id);
                        app.why();
                    }
                }>
                    {ic("#i-why")} <span>{word(app, |t| t.inspector().why)}</span>
                </button>
            </div>
        </Show>
    }
}
