//! Tags and directives.

use super::{Mark, Scan, Scanner, Tok, Token, is_blank, is_blankz, is_breakz, is_word};

impl Scanner {
    pub(super) fn directive(&mut self) -> Scan {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark;
        self.step();
        let name = self.word();
        if name.is_empty() {
            return self.fault(start, "could not find expected directive name");
        }
        if !is_blankz(self.at(0)) {
            return self.fault(start, "found unexpected non-alphabetical character");
        }
        let tok = match name.as_str() {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_directive(start)?,
            _ => return self.fault(start, "found unknown directive name"),
        };
        let end = self.mark;
        self.blanks();
        self.comment();
        if !is_breakz(self.at(0)) {
            return self.fault(start, "did not find expected comment or line break");
        }
        self.step_line();
        self.tokens.push_back(Token { tok, start, end });
        Ok(())
    }

    fn version(&mut self, start: Mark) -> Scan<Tok> {
        self.blanks();
        let major = self.version_number(start)?;
        if self.at(0) != '.' {
            return self.fault(start, "did not find expected digit or '.' character");
        }
        self.step();
        Ok(Tok::Version(major, self.version_number(start)?))
    }

    fn version_number(&mut self, start: Mark) -> Scan<u8> {
        let (mut value, mut length) = (0, 0);
        while let Some(digit) = self.at(0).to_digit(10) {
            length += 1;
            if length > 2 {
                return self.fault(start, "found extremely long version number");
            }
            value = value * 10 + digit as u8;
            self.step();
        }
        if length == 0 { self.fault(start, "did not find expected version number") } else { Ok(value) }
    }

    fn tag_directive(&mut self, start: Mark) -> Scan<Tok> {
        self.blanks();
        let handle = self.tag_handle(true, start)?;
        if !is_blank(self.at(0)) {
            return self.fault(start, "did not find expected whitespace");
        }
        self.blanks();
        let prefix = self.tag_uri("", start)?;
        if !is_blankz(self.at(0)) {
            return self.fault(start, "did not find expected whitespace or line break");
        }
        Ok(Tok::TagDirective(handle, prefix))
    }

    pub(super) fn tag(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let (handle, suffix) = if self.at(1) == '<' {
            self.steps(2);
            let uri = self.tag_uri("", start)?;
            if self.at(0) != '>' {
                return self.fault(start, "did not find the expected '>'");
            }
            self.step();
            (String::new(), uri)
        } else {
            let handle = self.tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", start)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle, start)?;
                // A lone `!` is a tag of its own.
                if suffix.is_empty() { (String::new(), "!".into()) } else { ("!".into(), suffix) }
            }
        };
        if !is_blankz(self.at(0)) {
            return self.fault(start, "did not find expected whitespace or line break");
        }
        self.push(Tok::Tag(handle, suffix), start);
        Ok(())
    }

    fn tag_handle(&mut self, directive: bool, start: Mark) -> Scan<String> {
        if self.at(0) != '!' {
            return self.fault(start, "did not find expected '!'");
        }
        let mut handle = String::new();
        self.copy(&mut handle);
        handle.push_str(&self.word());
        if self.at(0) == '!' {
            self.copy(&mut handle);
        } else if directive && handle != "!" {
            return self.fault(start, "did not find expected '!'");
        }
        Ok(handle)
    }

    fn tag_uri(&mut self, head: &str, start: Mark) -> Scan<String> {
        let mut octets: Vec<u8> = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut any = !head.is_empty();
        loop {
            let c = self.at(0);
            if c == '%' {
                let digit = |n: usize| self.at(n).to_digit(16);
                let (Some(high), Some(low)) = (digit(1), digit(2)) else {
                    return self.fault(start, "did not find URI escaped octet");
                };
                octets.push((high * 16 + low) as u8);
                self.steps(3);
            } else if is_word(c) || (c != '\0' && ";/?:@&=+$,.!~*'()[]".contains(c)) {
                octets.push(c as u8);
                self.step();
            } else {
                break;
            }
            any = true;
        }
        if !any {
            return self.fault(start, "did not find expected tag URI");
        }
        match String::from_utf8(octets) {
            Ok(uri) => Ok(uri),
            Err(_) => self.fault(start, "found an incorrect leading UTF-8 octet"),
        }
    }
}
