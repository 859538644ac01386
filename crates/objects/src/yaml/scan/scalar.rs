//! The five scalar styles: plain, single and double quoted, literal and folded blocks.

use super::{Mark, Scan, Scanner, Tok, Token, is_blank, is_blankz, is_break, is_breakz};

impl Scanner {
    pub(super) fn block_scalar(&mut self, literal: bool) -> Scan {
        self.remove_key()?;
        self.key_allowed = true;
        let start = self.mark;
        self.step();
        let (keep, increment) = self.block_header(start)?;
        self.blanks();
        self.comment();
        if !is_breakz(self.at(0)) {
            return self.fault(start, "did not find expected comment or line break");
        }
        self.step_line();
        let mut end = self.mark;
        let mut indent = if increment > 0 { self.indent.max(0) as usize + increment } else { 0 };
        let (mut text, mut leading, mut trailing) = (String::new(), String::new(), String::new());
        self.block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        let mut leading_blank = false;
        while self.mark.column == indent && !self.at_end() {
            let blank = is_blank(self.at(0));
            if !literal && !leading_blank && !blank && leading.starts_with('\n') {
                if trailing.is_empty() {
                    text.push(' ');
                }
                leading.clear();
            } else {
                text.push_str(&leading);
                leading.clear();
            }
            text.push_str(&trailing);
            trailing.clear();
            leading_blank = blank;
            while !is_breakz(self.at(0)) {
                self.copy(&mut text);
            }
            self.copy_line(&mut leading);
            self.block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        }
        if keep >= 0 {
            text.push_str(&leading);
        }
        if keep > 0 {
            text.push_str(&trailing);
        }
        self.tokens.push_back(Token { tok: Tok::Scalar { text, plain: false }, start, end });
        Ok(())
    }

    /// The chomping (-1 strip, 0 clip, 1 keep) and the indentation asked for (0 when none is).
    fn block_header(&mut self, start: Mark) -> Scan<(i8, usize)> {
        let (mut keep, mut increment) = (0, 0);
        let chomp_first = matches!(self.at(0), '+' | '-');
        for part in 0..2 {
            if (part == 0) == chomp_first {
                if matches!(self.at(0), '+' | '-') {
                    keep = if self.at(0) == '+' { 1 } else { -1 };
                    self.step();
                }
            } else if let Some(digit) = self.at(0).to_digit(10) {
                if digit == 0 {
                    return self.fault(start, "found an indentation indicator equal to 0");
                }
                increment = digit as usize;
                self.step();
            } else if part == 0 {
                break;
            }
        }
        Ok((keep, increment))
    }

    fn block_breaks(&mut self, indent: &mut usize, breaks: &mut String, start: Mark, end: &mut Mark) -> Scan {
        *end = self.mark;
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == ' ' {
                self.step();
            }
            deepest = deepest.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == '\t' {
                return self.fault(start, "found a tab character where an indentation space is expected");
            }
            if !is_break(self.at(0)) {
                break;
            }
            self.copy_line(breaks);
            *end = self.mark;
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1) as usize).max(1);
        }
        Ok(())
    }

    pub(super) fn quoted(&mut self, single: bool) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let quote = if single { '\'' } else { '"' };
        self.step();
        let mut text = String::new();
        let (mut leading, mut trailing, mut spaces) = (String::new(), String::new(), String::new());
        loop {
            if self.document_indicator() {
                return self.fault(start, "found unexpected document indicator");
            }
            if self.at_end() {
                return self.fault(start, "found unexpected end of stream");
            }
            let mut folded = false;
            while !is_blankz(self.at(0)) {
                match self.at(0) {
                    '\'' if single && self.at(1) == '\'' => {
                        text.push('\'');
                        self.steps(2);
                    }
                    c if c == quote => break,
                    '\\' if !single && is_break(self.at(1)) => {
                        self.step();
                        self.step_line();
                        folded = true;
                        break;
                    }
                    '\\' if !single => self.escape(&mut text, start)?,
                    _ => self.copy(&mut text),
                }
            }
            if self.at(0) == quote {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if folded { self.step() } else { self.copy(&mut spaces) }
                } else if folded {
                    self.copy_line(&mut trailing);
                } else {
                    spaces.clear();
                    self.copy_line(&mut leading);
                    folded = true;
                }
            }
            if folded {
                fold(&mut text, &mut leading, &mut trailing);
            } else {
                text.push_str(&spaces);
                spaces.clear();
            }
        }
        self.step();
        self.push(Tok::Scalar { text, plain: false }, start);
        Ok(())
    }

    fn escape(&mut self, into: &mut String, start: Mark) -> Scan {
        let length = match self.at(1) {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if length == 0 {
            let c = match self.at(1) {
                '0' => '\0',
                'a' => '\u{7}',
                'b' => '\u{8}',
                't' | '\t' => '\t',
                'n' => '\n',
                'v' => '\u{b}',
                'f' => '\u{c}',
                'r' => '\r',
                'e' => '\u{1b}',
                c @ (' ' | '"' | '\'' | '\\') => c,
                'N' => '\u{85}',
                '_' => '\u{a0}',
                'L' => '\u{2028}',
                'P' => '\u{2029}',
                _ => return self.fault(start, "found unknown escape character"),
            };
            into.push(c);
            self.steps(2);
            return Ok(());
        }
        self.steps(2);
        let mut value = 0_u32;
        for k in 0..length {
            let Some(digit) = self.at(k).to_digit(16) else {
                return self.fault(start, "did not find expected hexdecimal number");
            };
            value = value.wrapping_shl(4).wrapping_add(digit);
        }
        let Some(c) = char::from_u32(value) else {
            return self.fault(start, "found invalid Unicode character escape code");
        };
        into.push(c);
        self.steps(length);
        Ok(())
    }

    pub(super) fn plain(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let mut end = start;
        let indent = self.indent + 1;
        let mut text = String::new();
        let (mut leading, mut trailing, mut spaces) = (String::new(), String::new(), String::new());
        let mut folded = false;
        loop {
            if self.document_indicator() || self.at(0) == '#' {
                break;
            }
            while !is_blankz(self.at(0)) {
                let c = self.at(0);
                if (c == ':' && is_blankz(self.at(1)))
                    || (self.flow > 0 && matches!(c, ',' | '?' | '[' | ']' | '{' | '}'))
                {
                    break;
                }
                if folded {
                    fold(&mut text, &mut leading, &mut trailing);
                    folded = false;
                } else {
                    text.push_str(&spaces);
                }
                spaces.clear();
                self.copy(&mut text);
                end = self.mark;
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if folded && (self.mark.column as isize) < indent && self.at(0) == '\t' {
                        return self.fault(start, "found a tab character that violates indentation");
                    }
                    if folded { self.step() } else { self.copy(&mut spaces) }
                } else if folded {
                    self.copy_line(&mut trailing);
                } else {
                    spaces.clear();
                    self.copy_line(&mut leading);
                    folded = true;
                }
            }
            if self.flow == 0 && (self.mark.column as isize) < indent {
                break;
            }
        }
        self.tokens.push_back(Token { tok: Tok::Scalar { text, plain: true }, start, end });
        if folded {
            self.key_allowed = true;
        }
        Ok(())
    }
}

/// One line break becomes a space; of more, the first is dropped.
fn fold(text: &mut String, leading: &mut String, trailing: &mut String) {
    if leading.starts_with('\n') && trailing.is_empty() {
        text.push(' ');
    } else {
        if !leading.starts_with('\n') {
            text.push_str(leading);
        }
        text.push_str(trailing);
    }
    leading.clear();
    trailing.clear();
}
