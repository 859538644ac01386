//! Room ahead in the page's memory.
//!
//! Owns: in which steps memory grows. Does not own: who takes it (the allocator, which asks for no more than it needs).

/// How much room there is to be once memory has grown: a browser takes about two milliseconds for each time it grows,
/// however little, which is half of all the time in which ten thousand pods come to be. What is never touched takes up
/// nothing.
#[cfg(target_arch = "wasm32")]
const STEP_BYTES: usize = 32 << 20;

/// Has memory grow by much where it has grown by little since the last look.
#[cfg(target_arch = "wasm32")]
pub(crate) fn keep_ahead() {
    use std::cell::Cell;

    thread_local! {
        static KNOWN_PAGES: Cell<usize> = const { Cell::new(0) };
    }
    let pages = core::arch::wasm32::memory_size::<0>;
    if pages() == KNOWN_PAGES.get() {
        return;
    }
    let mut room = Vec::<u8>::new();
    // Where so much is not to be had, little may still be.
    let _ = room.try_reserve_exact(STEP_BYTES);
    drop(std::hint::black_box(room));
    KNOWN_PAGES.set(pages());
}

/// Natively memory grows by itself.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn keep_ahead() {}
