//! Dividers between panels: dragged, moved by arrow keys, put back by a double click, and remembered.
//!
//! Owns: the sizes, as custom properties of the page that assets/css/frame.css reads.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::app::{App, word};
use crate::storage;

/// The edges that can be moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Lesson,
    Inspector,
    Dock,
}

const EDGES: [Edge; 3] = [Edge::Lesson, Edge::Inspector, Edge::Dock];

impl Edge {
    fn property(self) -> &'static str {
        match self {
            Self::Lesson => "--lesson",
            Self::Inspector => "--insp",
            Self::Dock => "--dock",
        }
    }

    /// Least, usual and most, in px.
    fn sizes(self) -> (i32, i32, i32) {
        match self {
            Self::Lesson => (220, 316, 560),
            Self::Inspector => (260, 316, 680),
            Self::Dock => (140, 288, 620),
        }
    }

    /// The size when the pointer is there.
    fn at(self, x: i32, y: i32) -> i32 {
        let side = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
            value.ok().and_then(|v| v.as_f64()).unwrap_or(1280.0) as i32
        };
        match self {
            Self::Lesson => x,
            Self::Inspector => side(window().inner_width()) - x,
            Self::Dock => side(window().inner_height()) - y,
        }
    }
}

fn stored(edge: Edge) -> Option<i32> {
    storage::read(edge.property()).and_then(|text| text.parse().ok())
}

/// Puts the remembered sizes into the page.
pub fn restore() {
    let sizes = EDGES.into_iter().filter_map(|edge| Some(format!("{}:{}px", edge.property(), stored(edge)?)));
    let style: Vec<String> = sizes.collect();
    if let Some(root) = document().document_element() {
        // A page that can't be sized keeps its own sizes.
        drop(root.set_attribute("style", &style.join(";")));
    }
}

fn set(edge: Edge, size: Option<i32>) {
    let (least, _, most) = edge.sizes();
    let text = size.map(|px| px.clamp(least, most).to_string()).unwrap_or_default();
    storage::write(edge.property(), &text);
    restore();
}

#[component]
pub fn Divider(app: App, edge: Edge) -> impl IntoView {
    let held = StoredValue::new(false);
    let size = RwSignal::new(stored(edge).unwrap_or(edge.sizes().1));
    let put = move |px: Option<i32>| {
        set(edge, px);
        size.set(stored(edge).unwrap_or(edge.sizes().1));
    };
    let down = move |event: PointerEvent| {
        held.set_value(true);
        if let Some(Ok(element)) = event.current_target().map(JsCast::dyn_into::<Element>) {
            // Without it, a fast drag loses the divider.
            drop(element.set_pointer_capture(event.pointer_id()));
        }
        event.prevent_default();
    };
    let moved = move |event: PointerEvent| {
        if held.get_value() {
            put(Some(edge.at(event.client_x(), event.client_y())));
        }
    };
    let keys = move |event: KeyboardEvent| {
        let grows = if edge == Edge::Lesson { "ArrowRight" } else { "ArrowLeft" };
        let by = match event.key().as_str() {
            "Home" => return put(None),
            "ArrowUp" => 16,
            "ArrowDown" => -16,
            key if key == grows => 16,
            "ArrowLeft" | "ArrowRight" => -16,
            _ => return,
        };
        event.prevent_default();
        put(Some(size.get_untracked() + by));
    };
    let (least, _, most) = edge.sizes();
    view! {
        <div
            class=if edge == Edge::Dock { "divider flat" } else { "divider" }
            class:right=edge == Edge::Lesson
            role="separator"
            tabindex="0"
            aria-orientation=if edge == Edge::Dock { "horizontal" } else { "vertical" }
            aria-label=word(app, |t| t.page().resize)
            aria-valuemin=least.to_string()
            aria-valuemax=most.to_string()
            aria-valuenow=move || size.get().to_string()
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| held.set_value(false)
            on:pointercancel=move |_| held.set_value(false)
            on:dblclick=move |_| put(None)
            on:keydown=keys
        ></div>
    }
}
