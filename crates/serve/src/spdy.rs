//! SPDY/3.1, as far as clients of a Kubernetes API speak it: streams with headers, data, pings.
//!
//! Owns: frames in and out, and the one compression context of each direction. Does not own: what streams mean
//! (forward.rs). Models what `moby/spdystream` sends and understands.
//! Not modelled: flow control, priorities, settings; streams that the server opens.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Longer frames are refused, in bytes.
const FRAME_MAX: usize = 1 << 20;
/// Headers of one stream may take this much, in bytes.
const HEADERS_MAX: usize = 16 << 10;
/// How far back a compressed header may point, in bytes.
const WINDOW: usize = 32 << 10;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
const VERSION: u16 = 3;
const FIN: u8 = 1;

/// The protocol's dictionary: words with their lengths, then text.
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language \
    accept-ranges age allow authorization cache-control connection content-base content-encoding content-language \
    content-length content-location content-md5 content-range content-type date etag expect expires from host \
    if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
    proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
    user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie \
    keep-alive origin";
const TAIL: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
/// Its checksum, which a compressed stream names.
const DICTIONARY_ID: u32 = 0xe3c6_a7c2;

fn dictionary() -> Vec<u8> {
    let mut out = Vec::new();
    for word in WORDS.split_whitespace() {
        out.extend_from_slice(&(word.len() as u32).to_be_bytes());
        out.extend_from_slice(word.replace('_', " ").as_bytes());
    }
    out.extend_from_slice(TAIL.as_bytes());
    out
}

/// What came from the other side.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Opened {
        stream: u32,
        headers: Vec<(String, String)>,
        done: bool,
    },
    Data {
        stream: u32,
        bytes: Vec<u8>,
        done: bool,
    },
    Reset {
        stream: u32,
    },
    /// Nothing more comes.
    Away,
}

/// The bytes are no SPDY, or too much of it.
#[derive(Debug)]
pub struct Broken;

/// One connection.
pub struct Session {
    buffer: Vec<u8>,
    inflater: Box<DecompressorOxide>,
    /// What was inflated last, the dictionary before it.
    window: Vec<u8>,
    begun: bool,
    /// The other direction's compression has begun.
    replied: bool,
}

fn be32(bytes: &[u8]) -> Result<u32, Broken> {
    bytes.first_chunk::<4>().map(|b| u32::from_be_bytes(*b)).ok_or(Broken)
}

impl Session {
    pub fn new() -> Self {
        let inflater = Box::new(DecompressorOxide::new());
        Self { buffer: Vec::new(), inflater, window: dictionary(), begun: false, replied: false }
    }

    /// Takes what came; gives what it means, and what is to be sent back at once.
    ///
    /// # Errors
    /// Not SPDY: the connection is of no more use.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(Vec<Event>, Vec<u8>), Broken> {
        self.buffer.extend_from_slice(bytes);
        let (mut events, mut reply) = (Vec::new(), Vec::new());
        while let Some(head) = self.buffer.first_chunk::<8>().copied() {
            let length = u32::from_be_bytes([0, head[5], head[6], head[7]]) as usize;
            if length > FRAME_MAX {
                return Err(Broken);
            }
            if self.buffer.len() < 8 + length {
                break;
            }
            let frame: Vec<u8> = self.buffer.drain(..8 + length).collect();
            let (body, done) = (&frame[8..], head[4] & FIN != 0);
            let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            if word >> 31 == 0 {
                events.push(Event::Data { stream: word, bytes: body.to_vec(), done });
                continue;
            }
            if (word >> 16) as u16 & 0x7fff != VERSION {
                return Err(Broken);
            }
            match word as u16 {
                SYN_STREAM => {
                    let stream = be32(body)? & 0x7fff_ffff;
                    let headers = self.headers(body.get(10..).ok_or(Broken)?)?;
                    events.push(Event::Opened { stream, headers, done });
                }
                RST_STREAM => events.push(Event::Reset { stream: be32(body)? & 0x7fff_ffff }),
                PING => reply.extend_from_slice(&frame),
                GOAWAY => events.push(Event::Away),
                _ => {}
            }
        }
        Ok((events, reply))
    }

    fn headers(&mut self, mut block: &[u8]) -> Result<Vec<(String, String)>, Broken> {
        if !self.begun {
            // zlib's two bytes and the dictionary's checksum.
            let id = be32(block.get(2..).ok_or(Broken)?)?;
            if block[1] & 0x20 == 0 || id != DICTIONARY_ID {
                return Err(Broken);
            }
            block = &block[6..];
            self.begun = true;
        }
        if self.window.len() > WINDOW {
            self.window.drain(..self.window.len() - WINDOW);
        }
        let start = self.window.len();
        self.window.resize(start + HEADERS_MAX, 0);
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, _, written) = decompress(&mut self.inflater, block, &mut self.window, start, flags);
        self.window.truncate(start + written);
        if status != TINFLStatus::NeedsMoreInput {
            return Err(Broken);
        }
        let plain = &self.window[start..];
        let count = be32(plain)? as usize;
        let mut rest = &plain[4..];
        let mut text = || -> Result<String, Broken> {
            let length = be32(rest)? as usize;
            let end = length.checked_add(4).filter(|end| *end <= rest.len()).ok_or(Broken)?;
            let found = String::from_utf8_lossy(&rest[4..end]).into_owned();
            rest = &rest[end..];
            Ok(found)
        };
        (0..count.min(HEADERS_MAX)).map(|_| Ok((text()?.to_lowercase(), text()?))).collect()
    }

    /// The frame that takes a stream; it says nothing more.
    pub fn reply(&mut self, stream: u32) -> Vec<u8> {
        let mut body = stream.to_be_bytes().to_vec();
        if !self.replied {
            self.replied = true;
            // zlib without compression, with the dictionary that both sides must name.
            body.extend_from_slice(&[0x78, 0xbb]);
            body.extend_from_slice(&DICTIONARY_ID.to_be_bytes());
        }
        // No headers, as a stored block, and an empty one that makes the other side look at it.
        body.extend_from_slice(&[0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        let mut frame =
            (0x8000_0000 | u32::from(VERSION) << 16 | u32::from(SYN_REPLY)).to_be_bytes().to_vec();
        frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
        frame.extend_from_slice(&body);
        frame
    }

    /// Data of a stream, in one frame or more; `done` closes this direction.
    pub fn data(stream: u32, bytes: &[u8], done: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = bytes;
        loop {
            let (part, more) = rest.split_at(rest.len().min(WINDOW));
            rest = more;
            let last = rest.is_empty();
            out.extend_from_slice(&(stream & 0x7fff_ffff).to_be_bytes());
            let length = (part.len() as u32).to_be_bytes();
            out.extend_from_slice(&[if done && last { FIN } else { 0 }, length[1], length[2], length[3]]);
            out.extend_from_slice(part);
            if last {
                return out;
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A frame that opens a stream; the block is what Go's zlib writes with the dictionary, flushed.
    pub(crate) fn open(stream: u32, block: &[u8]) -> Vec<u8> {
        let mut f = vec![0x80, 3, 0, 1, 0];
        f.extend_from_slice(&((block.len() + 10) as u32).to_be_bytes()[1..]);
        f.extend_from_slice(&stream.to_be_bytes());
        f.extend_from_slice(&[0; 6]);
        f.extend_from_slice(block);
        f
    }

    pub(crate) fn stored(first: bool, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut plain = (headers.len() as u32).to_be_bytes().to_vec();
        for text in headers.iter().flat_map(|(k, v)| [k, v]) {
            plain.extend_from_slice(&(text.len() as u32).to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let mut out = if first { vec![0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2] } else { Vec::new() };
        let n = plain.len() as u16;
        out.push(0);
        out.extend_from_slice(&n.to_le_bytes());
        out.extend_from_slice(&(!n).to_le_bytes());
        out.extend_from_slice(&plain);
        out.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        out
    }

    #[test]
    fn the_dictionary_is_the_protocols() {
        let (mut a, mut b) = (1u32, 0u32);
        for byte in dictionary() {
            a = (a + u32::from(byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!(b << 16 | a, DICTIONARY_ID);
    }

    #[test]
    fn streams_open_talk_and_close() {
        let mut s = Session::new();
        let mut bytes = open(1, &stored(true, &[("streamtype", "error"), ("port", "80")]));
        bytes.extend(open(3, &stored(false, &[("streamtype", "data")])));
        bytes.extend(Session::data(3, b"hello", true));
        bytes.extend([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
        let (mut events, mut reply) = (Vec::new(), Vec::new());
        for part in bytes.chunks(7) {
            let (e, r) = s.take(part).expect("it is SPDY");
            events.extend(e);
            reply.extend(r);
        }
        let header = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(
            events,
            [
                Event::Opened {
                    stream: 1,
                    headers: vec![header("streamtype", "error"), header("port", "80")],
                    done: false
                },
                Event::Opened { stream: 3, headers: vec![header("streamtype", "data")], done: false },
                Event::Data { stream: 3, bytes: b"hello".to_vec(), done: true },
            ]
        );
        assert_eq!(reply, [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1], "a ping comes back");
    }

    #[test]
    fn what_is_no_spdy_is_refused() {
        for bytes in [
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0x80, 2, 0, 1, 0, 0, 0, 0],
            vec![0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff],
            open(1, &[0x78, 0xbb, 0, 0, 0, 0]),
            open(1, &[]),
            open(1, &{
                let mut b = stored(true, &[("a", "b")]);
                b[11] = 0xff;
                b
            }),
        ] {
            let found = Session::new().take(&bytes);
            // Text is a data frame of a stream that nobody opened, and longer than what came.
            assert!(found.is_err() || found.is_ok_and(|(e, _)| e.is_empty()), "{bytes:?}");
        }
    }

    #[test]
    fn a_reply_is_good_zlib() {
        let mut s = Session::new();
        let (first, second) = (s.reply(1), s.reply(3));
        assert_eq!(first[..12], [0x80, 3, 0, 2, 0, 0, 0, 24, 0, 0, 0, 1]);
        assert_eq!(u32::from(first[12]) * 256 % 31 + u32::from(first[13]) % 31, 31, "a header's check");
        assert_eq!(first[14..18], DICTIONARY_ID.to_be_bytes());
        assert_eq!(first[18..], second[12..], "later ones go on where the first ended");
        assert_eq!(second[7], 18);
    }

    #[test]
    fn large_data_comes_in_frames() {
        let mut s = Session::new();
        let (events, _) = s.take(&Session::data(5, &vec![7; 100_000], true)).expect("it is SPDY");
        let total: usize =
            events.iter().map(|e| if let Event::Data { bytes, .. } = e { bytes.len() } else { 0 }).sum();
        assert_eq!(total, 100_000);
        assert!(matches!(events.last(), Some(Event::Data { done: true, .. })));
    }
}
