//! Which constants the first part can reach.
//!
//! Each constant is a data segment of its own (build.rs of the page sees to that). A function reaches a constant by its
//! address, as a number or as the offset of a load; a constant reaches another by an address in its bytes. Any number
//! that could be an address is taken for one. What only cold functions reach moves out with them and is written to the
//! very same place when the rest arrives.

use walrus::ir::{
    BinaryOp, Binop, Const, Instr, InstrSeq, Load, MemArg, Store, Value, Visitor, dfs_in_order,
};
use walrus::{ConstExpr, DataId, DataKind, LocalFunction, MemoryId, Module};

use crate::Outcome;

/// How far before and after a constant a number may lie that means it.
type Around = (u32, u32);
/// Something is added to it on the spot: it may count from before a table, `TABLE[letter - 'a']`, or from its end, in a loop
/// whose counter runs from minus the length to nought, with the offset of a field.
const ADDED: Around = (256, 64);
/// Anything else.
const ALONE: Around = (16, 0);
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
struct Addresses(Vec<(u32, Around)>);

impl Addresses {
    fn offset(&mut self, arg: &MemArg) {
        self.0.extend(u32::try_from(arg.offset).map(|offset| (offset, ADDED)));
    }
}

impl<'i> Visitor<'i> for Addresses {
    fn start_instr_seq(&mut self, seq: &'i InstrSeq) {
        let adds =
            |at: usize| matches!(seq.instrs.get(at), Some((Instr::Binop(Binop { op: BinaryOp::I32Add }), _)));
        for (at, (instr, _)) in seq.instrs.iter().enumerate() {
            if let Instr::Const(Const { value: Value::I32(value) }) = instr {
                let around = if adds(at + 1) || adds(at + 2) { ADDED } else { ALONE };
                self.0.push((value.cast_unsigned(), around));
            }
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
        for (address, (before, after)) in addresses.0 {
            let from = self.0.partition_point(|segment| segment.end.saturating_add(after) <= address);
            let near =
                self.0[from..].iter().take_while(|segment| segment.start <= address.saturating_add(before));
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

#[cfg(test)]
mod tests {
    use walrus::ir::{LoadKind, MemArg};
    use walrus::{FunctionBuilder, InstrSeqBuilder, ValType};

    use super::*;

    /// Which of two constants, at 1000..1040 and 1040..1048, a function with this body reaches.
    fn reached(body: fn(&mut InstrSeqBuilder<'_>, MemoryId)) -> Vec<bool> {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        for (start, size) in [(1000, 40), (1040, 8)] {
            let offset = ConstExpr::Value(Value::I32(start));
            module.data.add(DataKind::Active { memory, offset }, vec![1; size]);
        }
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[ValType::I32]);
        body(&mut function.func_body(), memory);
        function.finish(Vec::new(), &mut module.funcs);
        let mut segments = Segments::of(&module).expect("fixed addresses");
        segments.reach(&module, module.funcs.iter_local().map(|(_, function)| function));
        segments.0.iter().map(|segment| segment.reached).collect()
    }

    #[test]
    fn a_constant_is_reached_by_its_address_and_from_its_end() {
        assert_eq!(reached(|f, _| _ = f.i32_const(1000)), [true, false]);
        assert_eq!(reached(|f, _| _ = f.i32_const(1040)), [false, true]);
        assert_eq!(reached(|f, _| _ = f.i32_const(5)), [false, false]);
        // A loop from minus 40: what ends at 1040 is meant, and what begins there might be.
        let at_end = |f: &mut InstrSeqBuilder<'_>, memory| {
            f.i32_const(-40).load(memory, LoadKind::I32 { atomic: false }, MemArg { align: 4, offset: 1044 });
        };
        assert_eq!(reached(at_end), [true, true]);
        assert_eq!(
            reached(|f, _| _ = f.i32_const(-40).i32_const(1040).binop(BinaryOp::I32Add)),
            [true, true]
        );
        // `TABLE[letter - 97]`, four bytes each.
        let before = |f: &mut InstrSeqBuilder<'_>, memory| {
            f.i32_const(97).load(memory, LoadKind::I32 { atomic: false }, MemArg { align: 4, offset: 900 });
        };
        assert_eq!(reached(before), [true, true]);
    }
}
