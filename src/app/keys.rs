//! Keys that work everywhere, and single letters that work on the stage.

use std::cell::RefCell;
use std::task::Poll;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, SvgElement};

use super::{App, Panel};
use crate::panels::{context, timeline};
use crate::session::Session;
use crate::stage;

/// Turns within which the page has drawn what a signal asks for; all of them pass before the next key is heard.
const TURNS: usize = 8;

/// Brings the keyboard to the first element that matches, and to one that is only about to be shown before the next key
/// is heard: a frame may be long in coming, and whoever types does not wait for it.
pub fn focus(selector: &str) {
    if reach(selector) {
        return;
    }
    let selector = selector.to_owned();
    wasm_bindgen_futures::spawn_local(async move {
        for _ in 0..TURNS {
            turn().await;
            if reach(&selector) {
                return;
            }
        }
    });
}

thread_local! {
    /// Where the keyboard was before something opened above the page.
    static LEFT: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// Notes where the keyboard is: [`go_back`] brings it there again.
pub fn leave() {
    let here = document().active_element();
    // What opens above something that is open already leads back to the page below both.
    if let Some(here) = here.filter(|e| e.closest(".over").ok().flatten().is_none()) {
        LEFT.replace(Some(here));
    }
}

/// Brings the keyboard back to where it was, if that is still there.
pub fn go_back() {
    if let Some(element) = LEFT.take() {
        focus_on(&element);
    }
}

/// Does something once the page has drawn what was asked of it so far, and before the next key is heard.
pub fn drawn(deed: impl FnOnce() + 'static) {
    wasm_bindgen_futures::spawn_local(async move {
        for _ in 0..TURNS {
            turn().await;
        }
        deed();
    });
}

/// Lets everything else that waits have its turn.
async fn turn() {
    let mut passed = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Brings the keyboard to the first element that matches, if it is there and shown.
fn reach(selector: &str) -> bool {
    let Ok(Some(element)) = document().query_selector(selector) else { return false };
    focus_on(&element);
    document().active_element().is_some_and(|here| here == element)
}

fn focus_on(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        drop(element.focus());
    } else if let Some(drawing) = element.dyn_ref::<SvgElement>() {
        drop(drawing.focus());
    }
}

/// Keys that work everywhere, and single letters that work on the stage.
pub(super) fn keys(app: App, event: &KeyboardEvent) {
    if event.is_composing() || event.default_prevented() {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    match event.key().as_str() {
        "`" if event.ctrl_key() => app.show_terminal(),
        "e" if command && !event.shift_key() => app.show(Panel::Editor, "#manifest"),
        "k" if command => app.palette.set(true),
        "F1" => app.keymap.set(true),
        // On the stage it asks about what is selected.
        "?" if !(command
            || writes(event)
            || (at_the_helm(event) && app.picked.get_untracked().is_some())) =>
        {
            app.keymap.set(true);
        }
        "ContextMenu" if at_the_helm(event) => context::view::open_picked(app),
        "F10" if event.shift_key() && at_the_helm(event) => context::view::open_picked(app),
        "Escape" if app.menu.get_untracked().is_some() => app.menu.set(None),
        "Escape" if app.keymap.get_untracked() => app.keymap.set(false),
        "F6" => next_panel(event.shift_key()),
        key if !command && !event.alt_key() && at_the_helm(event) => match key {
            " " if !on_button(event) => app.set_paused(!app.paused.get_untracked()),
            "." => app.step_to(true, false),
            "," => app.step_to(false, false),
            ">" => app.step_to(true, true),
            "<" => app.step_to(false, true),
            "[" => timeline::view::other_lane(app, -1),
            "]" => timeline::view::other_lane(app, 1),
            "j" => app.jump(),
            "z" => stage::tools::nearer(app),
            "Z" => stage::tools::farther(app),
            "?" if app.picked.get_untracked().is_some() => app.why(),
            "u" => app.undo(),
            "F" => app.fork(),
            "Home" => app.seek(app.ask(Session::earliest)),
            "End" => app.act(Session::to_present),
            "+" | "=" => shift_speed(app, 1),
            "-" => shift_speed(app, -1),
            _ => return,
        },
        _ => return,
    }
    event.prevent_default();
}

fn shift_speed(app: App, by: isize) {
    let speeds = crate::session::SPEEDS;
    let at = speeds.iter().position(|s| *s == app.speed.get_untracked()).unwrap_or(1);
    if let Some(speed) = at.checked_add_signed(by).and_then(|i| speeds.get(i)) {
        app.set_speed(*speed);
    }
}

fn target(event: &KeyboardEvent) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Single letters are commands only where the reader has gone for them: on the stage and at the time controls.
fn at_the_helm(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| e.closest(".stage, .helm, .tline").ok().flatten().is_some())
}

/// The key is a letter of a text.
fn writes(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| takes_text(&e))
}

/// Letters typed there are text.
pub(super) fn takes_text(element: &Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || element.closest("[contenteditable]").ok().flatten().is_some()
}

fn on_button(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| e.tag_name() == "BUTTON" || e.tag_name() == "A")
}

/// F6 goes round the panels.
fn next_panel(back: bool) {
    const PANELS: [&str; 5] = [".lesson button", ".tree", "#prompt", "#manifest", ".insp button"];
    let here = document().active_element();
    let at = PANELS.iter().position(|selector| {
        let panel = selector.split(' ').next().unwrap_or_default();
        here.as_ref().is_some_and(|e| e.closest(panel).ok().flatten().is_some())
    });
    let step = if back { PANELS.len() - 1 } else { 1 };
    let start = at.unwrap_or(PANELS.len() - step);
    for n in 1..=PANELS.len() {
        // A panel that is hidden now takes no focus: on to the one after it.
        if reach(PANELS[(start + n * step) % PANELS.len()]) && document().active_element() != here {
            return;
        }
    }
}
