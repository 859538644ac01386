//! How the arrow keys move from object to object.

use super::facts::ObjectId;
use crate::mark::Rect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Left,
    Right,
    Up,
    Down,
}

/// The nearest object that lies `way` of the one at `from`; sideways distance counts double.
#[must_use]
pub fn neighbour(places: &[(ObjectId, Rect)], from: &str, way: Way) -> Option<ObjectId> {
    let here = places.iter().find(|(id, _)| id == from)?.1;
    let (x, y) = (here.mid_x(), here.mid_y());
    let far = |rect: &Rect| {
        let (dx, dy) = (rect.mid_x() - x, rect.mid_y() - y);
        let (along, aside) = match way {
            Way::Left => (-dx, dy),
            Way::Right => (dx, dy),
            Way::Up => (-dy, dx),
            Way::Down => (dy, dx),
        };
        (along > 2).then(|| along + 2 * aside.abs())
    };
    let best = places.iter().filter(|(id, _)| id != from).filter_map(|(id, rect)| Some((far(rect)?, id)));
    best.min_by_key(|(distance, _)| *distance).map(|(_, id)| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_in_that_direction() {
        let at = |x, y| Rect::new(x, y, 10, 10);
        let places: Vec<(ObjectId, Rect)> = vec![
            ("a".into(), at(0, 0)),
            ("b".into(), at(100, 0)),
            ("c".into(), at(200, 0)),
            ("d".into(), at(90, 80)),
        ];
        let go = |from, way| neighbour(&places, from, way);
        assert_eq!(go("a", Way::Right).as_deref(), Some("b"));
        assert_eq!(go("b", Way::Down).as_deref(), Some("d"));
        assert_eq!(go("d", Way::Up).as_deref(), Some("b"));
        assert_eq!(go("c", Way::Left).as_deref(), Some("b"));
        assert_eq!(go("a", Way::Left), None);
        assert_eq!(go("nobody", Way::Left), None);
    }
}
