//! Tables that a program printed: their columns, the cells of a row, what the cells lead to.
//!
//! Owns: finding cells again in lines of text. Does not own: the text, which stays as it was printed.

use std::ops::Range;
use std::rc::Rc;

use smol_str::SmolStr;

use super::about::{About, resource_of};

/// The columns of a table: name and place of each, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    at: Vec<(SmolStr, usize)>,
    pub about: Rc<About>,
}

/// An object that a cell names; namespace and resource are empty where the output does not say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub resource: SmolStr,
    pub namespace: SmolStr,
    pub name: SmolStr,
}

/// Where the cells of a line begin and end: they stand two blanks apart or more.
fn cells(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for piece in line.split("  ") {
        let start = at + piece.len() - piece.trim_start().len();
        let end = start + piece.trim().len();
        if end > start {
            found.push(start..end);
        }
        at += piece.len() + 2;
    }
    found
}

impl Columns {
    /// The columns a header row names; none for other lines.
    #[must_use]
    pub fn of(header: &str, about: &Rc<About>) -> Option<Self> {
        if !super::is_header(header) {
            return None;
        }
        let at = cells(header).into_iter().map(|r| (SmolStr::from(&header[r.clone()]), r.start)).collect();
        Some(Self { at, about: about.clone() })
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.at.iter().position(|(name, _)| name == column)
    }

    /// Where the cell of a column stands in a row; none when it can't be told.
    #[must_use]
    pub fn cell(&self, row: &str, column: &str) -> Option<Range<usize>> {
        let index = self.place(column)?;
        let start = self.at[index].1;
        let bytes = row.as_bytes();
        // A longer word in an earlier column moves all that follow: then the cells are counted.
        let begins = bytes.get(start).is_some_and(|b| *b != b' ')
            && (start == 0 || row.is_char_boundary(start) && row[..start].ends_with("  "));
        let all = cells(row);
        if begins {
            return all.into_iter().find(|r| r.start == start);
        }
        if all.len() == self.at.len() { all.into_iter().nth(index) } else { None }
    }

    /// The object that a row is about, and where its name stands.
    #[must_use]
    pub fn named(&self, row: &str) -> Option<(Range<usize>, Named)> {
        let at = self.cell(row, "NAME")?;
        let cell = &row[at.clone()];
        let namespace = match self.cell(row, "NAMESPACE") {
            Some(place) => row[place].into(),
            None => self.about.namespace.clone(),
        };
        let named = match cell.split_once('/') {
            Some((kind, name)) => {
                Named { resource: resource_of(kind)?.id.as_str().into(), namespace, name: name.into() }
            }
            None if self.about.resource.is_empty() => return None,
            None => Named { resource: self.about.resource.clone(), namespace, name: cell.into() },
        };
        is_name(&named.name).then_some((at, named))
    }

    /// What tells a row from the others of its table.
    #[must_use]
    pub fn key(&self, row: &str) -> Option<SmolStr> {
        let name = self.cell(row, "NAME")?;
        let namespace = self.cell(row, "NAMESPACE").map_or("", |r| &row[r]);
        Some(smol_str::format_smolstr!("{namespace}/{}", &row[name]))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'))
}

/// The object that a line of kubectl's begins with: `deployment.apps/web created`.
#[must_use]
pub fn told(line: &str, about: &About) -> Option<(Range<usize>, Named)> {
    let word = line.split(' ').next().filter(|_| about.kubectl)?;
    let (kind, name) = word.split_once('/')?;
    let resource = resource_of(kind).filter(|_| is_name(name))?.id.as_str().into();
    // What it deletes is nothing to go to, but may still be there for a while.
    Some((0..word.len(), Named { resource, namespace: about.namespace.clone(), name: name.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(command: &str, header: &str, row: &str) -> Option<(String, String, String)> {
        let columns = Columns::of(header, &Rc::new(About::of(command)))?;
        let (at, named) = columns.named(row)?;
        assert!(row[at].ends_with(named.name.as_str()));
        Some((named.resource.into(), named.namespace.into(), named.name.into()))
    }

    #[test]
    fn a_row_names_its_object() {
        let some = |r: &str, ns: &str, n: &str| Some((r.to_owned(), ns.to_owned(), n.to_owned()));
        let pods = "NAME    READY   STATUS    RESTARTS   AGE";
        let row = "web-0   1/1     Running   0          3s";
        assert_eq!(named("kubectl get pods", pods, row), some("pods", "", "web-0"));
        assert_eq!(named("kubectl get po -n a", pods, row), some("pods", "a", "web-0"));
        let moved = "web-0-longer   1/1     Running   0          3s";
        assert_eq!(named("kubectl get pods", pods, moved), some("pods", "", "web-0-longer"));
        let all = "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE";
        let row = "shop        web-0   1/1     Running   0          3s";
        assert_eq!(named("kubectl get pods -A", all, row), some("pods", "shop", "web-0"));
        let prefixed = "deployment.apps/web   1/1     1            1           3s";
        let header = "NAME                  READY   UP-TO-DATE   AVAILABLE   AGE";
        assert_eq!(named("kubectl get all", header, prefixed), some("deployments.apps", "", "web"));
        assert_eq!(named("docker ps", "NAME   X", "web    y"), None);
    }

    #[test]
    fn a_line_tells_what_was_done_to_whom() {
        let about = About::of("kubectl apply -f web.yaml");
        let (at, named) = told("deployment.apps/web created", &about).unwrap_or_default();
        assert_eq!((at, named.resource.as_str(), named.name.as_str()), (0..19, "deployments.apps", "web"));
        assert_eq!(told("http/1.1 200", &about), None);
        assert_eq!(told("deployment.apps/web created", &About::of("cat x")), None);
    }
}
