//! A picture as plain data: elements with attributes, text and children.
//!
//! Owns: [`Mark`], what the diagram, the timeline and printed text are described with, natively testable.
//! Does not own: the DOM (`paint` turns marks into elements and changes only what differs).

use smol_str::{SmolStr, format_smolstr};

/// An SVG or HTML element. Attributes keep the order they were given in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    pub tag: &'static str,
    pub attrs: Vec<(&'static str, SmolStr)>,
    /// Shown before the children.
    pub text: SmolStr,
    pub children: Vec<Mark>,
}

impl Mark {
    #[must_use]
    pub fn new(tag: &'static str, class: &'static str) -> Self {
        let mut mark = Self { tag, ..Self::default() };
        if !class.is_empty() {
            mark.attrs.push(("class", SmolStr::new_static(class)));
        }
        mark
    }

    #[must_use]
    pub fn at(mut self, name: &'static str, value: impl Into<SmolStr>) -> Self {
        self.attrs.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn px(mut self, name: &'static str, value: i32) -> Self {
        self.attrs.push((name, format_smolstr!("{value}")));
        self
    }

    #[must_use]
    pub fn says(mut self, text: impl Into<SmolStr>) -> Self {
        self.text = text.into();
        self
    }

    #[must_use]
    pub fn with(mut self, child: Mark) -> Self {
        self.children.push(child);
        self
    }

    pub fn add(&mut self, child: Mark) {
        self.children.push(child);
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// All text within, in reading order.
    #[must_use]
    pub fn all_text(&self) -> String {
        let mut out = self.text.to_string();
        for child in &self.children {
            let inner = child.all_text();
            if !out.is_empty() && !inner.is_empty() {
                out.push(' ');
            }
            out.push_str(&inner);
        }
        out
    }
}

/// A px held within two others; midway between them where they have changed places, for want of room.
#[must_use]
pub fn within(px: i32, least: i32, most: i32) -> i32 {
    if least <= most { px.clamp(least, most) } else { i32::midpoint(least, most) }
}

/// A rectangle in whole px.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Rect {
    #[must_use]
    pub const fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        Self { x, y, w, h }
    }

    #[must_use]
    pub const fn right(self) -> i32 {
        self.x + self.w
    }

    #[must_use]
    pub const fn bottom(self) -> i32 {
        self.y + self.h
    }

    #[must_use]
    pub const fn mid_x(self) -> i32 {
        self.x + self.w / 2
    }

    #[must_use]
    pub const fn mid_y(self) -> i32 {
        self.y + self.h / 2
    }
}

#[must_use]
pub fn rect(class: &'static str, at: Rect, radius: i32) -> Mark {
    Mark::new("rect", class)
        .px("x", at.x)
        .px("y", at.y)
        .px("width", at.w.max(0))
        .px("height", at.h.max(0))
        .px("rx", radius)
}

#[must_use]
pub fn path(class: &'static str, d: impl Into<SmolStr>) -> Mark {
    Mark::new("path", class).at("d", d)
}

#[must_use]
pub fn text(class: &'static str, x: i32, y: i32, says: impl Into<SmolStr>) -> Mark {
    Mark::new("text", class).px("x", x).px("y", y).says(says)
}

#[must_use]
pub fn circle(class: &'static str, x: i32, y: i32, r: i32) -> Mark {
    Mark::new("circle", class).px("cx", x).px("cy", y).px("r", r)
}

/// One of the drawings of the page's sprite, `i-pod`, in a square of `size` px.
#[must_use]
pub fn icon(name: &'static str, x: i32, y: i32, size: i32) -> Mark {
    Mark::new("use", "ic").at("href", name).px("x", x).px("y", y).px("width", size).px("height", size)
}
