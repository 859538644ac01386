//! Which constants the first part can reach.
//!
//! Each constant is a data segment of its own (build.rs of the page sees to that). A function reaches a constant by its
//! address, as a number or as the offset of a load; a constant reaches another by an address in its bytes. Any number
//! that could be an address is taken for one. What only cold functions reach moves out with them and is written to the
//! very same place when the rest arrives.

use walrus::ir::{Const, Load, MemArg, Store, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, DataId, DataKind, LocalFunction, MemoryId, Module};

use crate::Outcome;

/// Optimised code may count from an address somewhat before the constant that it means: `TABLE[i - 1]`.
const BEFORE: u32 = 16;
/// Between neighbours there may be bytes for alignment.
const PADDING: u32 = 16;

pub(crate) struct Segment {
    id: DataId,
    memory: MemoryId,
    start: u32,
    end: u32,
    pub reached: bool,
}

/// The active segments of a program, in the order of their addresses.
pub(crate) struct Segments(Vec<Segment>);

/// Numbers in a function that may be addresses.
#[derive(Default)]
struct Addresses(Vec<u32>);

impl Addresses {
    fn offset(&mut self, arg: &MemArg) {
        self.0.extend(u32::try_from(arg.offset));
    }
}

impl<'i> Visitor<'i> for Addresses {
    fn visit_const(&mut self, instr: &Const) {
        if let Value::I32(value) = instr.value {
            self.0.push(value.cast_unsigned());
        }
    }

    fn visit_load(&mut self, instr: &Load) {
        self.offset(&instr.arg);
    }

    fn visit_store(&mut self, instr: &Store) {
        self.offset(&instr.arg);
    }
}

impl Segments {
    pub fn of(module: &Module) -> Outcome<Self> {
        let mut all = Vec::new();
        for data in module.data.iter() {
            let DataKind::Active { memory, offset } = &data.kind else { continue };
            let ConstExpr::Value(Value::I32(start)) = offset else {
                return Err("a data segment has no fixed address".into());
            };
            let start = start.cast_unsigned();
            let size = u32::try_from(data.value.len()).map_err(|e| e.to_string())?;
            all.push(Segment { id: data.id(), memory: *memory, start, end: start + size, reached: false });
        }
        all.sort_by_key(|segment| segment.start);
        Ok(Self(all))
    }

    /// Marks what these functions reach.
    pub fn reach<'m>(&mut self, module: &Module, functions: impl Iterator<Item = &'m LocalFunction>) {
        let mut addresses = Addresses::default();
        for function in functions {
            dfs_in_order(&mut addresses, function, function.entry_block());
        }
        addresses.0.sort_unstable();
        addresses.0.dedup();
        let mut open = Vec::new();
        for address in addresses.0 {
            let from = self.0.partition_point(|segment| segment.end <= address);
            let near =
                self.0[from..].iter().take_while(|segment| segment.start <= address.saturating_add(BEFORE));
            let near = near.count();
            open.extend(from..from + near);
        }
        while let Some(at) = open.pop() {
            let segment = &mut self.0[at];
            if std::mem::replace(&mut segment.reached, true) {
                continue;
            }
            let bytes = &module.data.get(segment.id).value;
            let skipped = (segment.start.next_multiple_of(4) - segment.start) as usize;
            for word in bytes.get(skipped..).unwrap_or_default().chunks_exact(4) {
                let address = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                let to = self.0.partition_point(|segment| segment.end <= address);
                if self.0.get(to).is_some_and(|segment| segment.start <= address) {
                    open.push(to);
                }
            }
        }
    }

    /// Bytes of all constants, and of those that are reached.
    pub fn bytes(&self) -> (u32, u32) {
        let sum = |wanted: fn(&Segment) -> bool| {
            self.0.iter().filter(|segment| wanted(segment)).map(|segment| segment.end - segment.start).sum()
        };
        (sum(|_| true), sum(|segment| segment.reached))
    }

    /// Leaves in `module` only the constants that are reached or only those that are not. Joined, neighbours become one.
    pub fn keep(&self, module: &mut Module, reached: bool, join: bool) {
        let mut joined: Vec<(MemoryId, u32, Vec<u8>)> = Vec::new();
        let mut apart = true;
        for segment in &self.0 {
            let value = std::mem::take(&mut module.data.get_mut(segment.id).value);
            module.data.delete(segment.id);
            module.memories.get_mut(segment.memory).data_segments.remove(&segment.id);
            if segment.reached != reached {
                apart = true;
                continue;
            }
            match joined.last_mut() {
                Some((_, start, bytes))
                    if join && !apart && segment.start - *start - (bytes.len() as u32) < PADDING =>
                {
                    bytes.resize((segment.start - *start) as usize, 0);
                    bytes.extend(value);
                }
                _ => joined.push((segment.memory, segment.start, value)),
            }
            apart = false;
        }
        for (memory, start, bytes) in joined {
            let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
            let id = module.data.add(DataKind::Active { memory, offset }, bytes);
            module.memories.get_mut(memory).data_segments.insert(id);
        }
    }
}
