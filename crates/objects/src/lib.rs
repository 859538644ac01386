//! What an object is: one immutable tree for every kind, with the tables and texts that give it meaning.
//!
//! Owns: the tree ([`Value`]), object metadata, statuses (errors as data), and the ways in and out.
//! Does not own: where objects are kept (etcd), who may write them (apiserver), what they mean (controllers).

pub mod base64;
pub mod csi_translation;
pub mod decode;
pub mod digest;
pub mod duration;
pub mod fieldset;
pub mod go_text;
pub mod htpasswd;
pub mod int_or_string;
pub mod json;
pub mod jsonpath;
mod key_index;
mod keys;
pub mod map;
pub mod meta;
pub mod names;
pub mod node_selector;
pub mod number;
pub mod patch;
pub mod pattern;
pub mod pem;
pub mod quantity;
pub mod requests;
pub mod resources;
pub mod running_hash;
pub mod schema;
pub mod selector;
pub mod status;
pub mod struct_order;
pub mod tabwriter;
pub mod template_hash;
pub mod text;
pub mod time_zones;
pub mod ustar;
pub mod value;
pub mod yaml;

pub use map::{Entries, Map};
pub use status::{Reason, Status};
pub use value::{List, Str, Value};
