//! Marks become elements; what differs from the last picture is all that is touched.
//!
//! Owns: creating and patching elements of one container. Does not own: what the picture shows (`mark` users).

use std::collections::BTreeMap;
use std::rc::Rc;

use smol_str::SmolStr;
use web_sys::{Document, Element, Node};

use crate::mark::Mark;

const SVG: &str = "http://www.w3.org/2000/svg";

/// The children of one container, in order, each with the mark it shows.
pub struct Painter {
    document: Document,
    root: Element,
    svg: bool,
    shown: BTreeMap<SmolStr, (Element, Rc<Mark>)>,
    order: Vec<SmolStr>,
}

impl Painter {
    /// A painter that owns all children of `root`.
    #[must_use]
    pub fn new(root: Element) -> Option<Self> {
        let document = root.owner_document()?;
        let svg = root.namespace_uri().as_deref() == Some(SVG);
        root.set_text_content(None);
        Some(Self { document, root, svg, shown: BTreeMap::new(), order: Vec::new() })
    }

    /// Shows these marks and no others.
    pub fn paint(&mut self, layer: Vec<(SmolStr, Rc<Mark>)>) {
        let same = self.order.len() == layer.len() && self.order.iter().zip(&layer).all(|(a, (b, _))| a == b);
        let mut before = std::mem::take(&mut self.shown);
        let mut cursor: Option<Node> = if same { None } else { self.root.first_child() };
        if !same {
            self.order = layer.iter().map(|(key, _)| key.clone()).collect();
        }
        for (key, mark) in layer {
            let element = match before.remove(&key) {
                Some((element, old)) => {
                    if !Rc::ptr_eq(&old, &mark) && *old != *mark {
                        self.patch(element, &old, &mark)
                    } else {
                        element
                    }
                }
                None => match self.build(&mark) {
                    Some(element) => element,
                    None => continue,
                },
            };
            if !same {
                if cursor.as_ref().is_some_and(|c| c.is_same_node(Some(&element))) {
                    cursor = element.next_sibling();
                } else {
                    drop(self.root.insert_before(&element, cursor.as_ref()));
                }
            }
            self.shown.insert(key, (element, mark));
        }
        for (element, _) in before.into_values() {
            element.remove();
        }
    }

    fn build(&self, mark: &Mark) -> Option<Element> {
        let element = if self.svg || mark.tag == "svg" || mark.tag == "use" {
            self.document.create_element_ns(Some(SVG), mark.tag).ok()?
        } else {
            self.document.create_element(mark.tag).ok()?
        };
        self.fill(&element, mark);
        Some(element)
    }

    fn fill(&self, element: &Element, mark: &Mark) {
        for (name, value) in &mark.attrs {
            drop(element.set_attribute(name, value));
        }
        if !mark.text.is_empty() {
            element.set_text_content(Some(&mark.text));
        }
        let inner = Self { svg: self.svg || mark.tag == "svg", ..self.sibling() };
        for child in &mark.children {
            if let Some(child) = inner.build(child) {
                drop(element.append_child(&child));
            }
        }
    }

    /// A painter for parts: it shares nothing but the document.
    fn sibling(&self) -> Self {
        Self {
            document: self.document.clone(),
            root: self.root.clone(),
            svg: self.svg,
            shown: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    /// Makes `element`, which shows `old`, show `new`. The same element unless the tag differs.
    fn patch(&self, element: Element, old: &Mark, new: &Mark) -> Element {
        if old.tag != new.tag {
            let Some(fresh) = self.build(new) else { return element };
            drop(element.replace_with_with_node_1(&fresh));
            return fresh;
        }
        for (name, value) in &new.attrs {
            if old.attr(name) != Some(value) {
                drop(element.set_attribute(name, value));
            }
        }
        for (name, _) in &old.attrs {
            if new.attr(name).is_none() {
                drop(element.remove_attribute(name));
            }
        }
        let shape = old.children.len() == new.children.len()
            && old.text.is_empty() == new.text.is_empty()
            && old.children.iter().zip(&new.children).all(|(a, b)| a.tag == b.tag);
        if !shape {
            element.set_text_content(None);
            let bare = Mark { attrs: Vec::new(), ..new.clone() };
            self.fill(&element, &bare);
            return element;
        }
        if old.text != new.text
            && let Some(text) = element.first_child()
        {
            text.set_node_value(Some(&new.text));
        }
        let mut child = element.first_element_child();
        for (a, b) in old.children.iter().zip(&new.children) {
            let Some(here) = child else { break };
            child = here.next_element_sibling();
            if a != b {
                self.patch(here, a, b);
            }
        }
        element
    }
}
