//! `perl`, as far as the Job documentation needs it: `print bpi(N)`, and `print` of a plain string.

use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Perl {
    argv: Vec<String>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Perl { argv: argv.to_vec() })
}

const DIGITS_MAX: usize = 20_000;

/// Pi to `n` significant digits, the last one rounded, by Machin's formula in base 10^9.
fn pi(n: usize) -> String {
    let limbs = n / 9 + 4;
    let divide = |a: &mut [u32], by: u64| {
        let mut rest = 0u64;
        for limb in a.iter_mut() {
            let now = rest * 1_000_000_000 + u64::from(*limb);
            *limb = (now / by) as u32;
            rest = now % by;
        }
    };
    let arctan = |sum: &mut Vec<i64>, factor: u32, x: u64, sign: i64| {
        let mut power = vec![0u32; limbs];
        power[0] = factor;
        divide(&mut power, x);
        let mut k = 0u64;
        while power.iter().any(|l| *l != 0) {
            let mut term = power.clone();
            divide(&mut term, 2 * k + 1);
            let s = if k.is_multiple_of(2) { sign } else { -sign };
            for (total, limb) in sum.iter_mut().zip(&term) {
                *total += s * i64::from(*limb);
            }
            divide(&mut power, x * x);
            k += 1;
        }
    };
    let mut sum = vec![0i64; limbs];
    arctan(&mut sum, 16, 5, 1);
    arctan(&mut sum, 4, 239, -1);
    for i in (1..limbs).rev() {
        let carry = sum[i].div_euclid(1_000_000_000);
        sum[i] -= carry * 1_000_000_000;
        sum[i - 1] += carry;
    }
    let mut digits: Vec<u8> = sum[0].to_string().into_bytes();
    for limb in &sum[1..] {
        digits.extend(format!("{limb:09}").bytes());
    }
    let round = digits.get(n).is_some_and(|d| *d >= b'5');
    digits.truncate(n);
    if round {
        for d in digits.iter_mut().rev() {
            if *d == b'9' {
                *d = b'0';
            } else {
                *d += 1;
                break;
            }
        }
    }
    let text = String::from_utf8_lossy(&digits).into_owned();
    if n > 1 { format!("{}.{}", &text[..1], &text[1..]) } else { text }
}

impl Program for Perl {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(i) =
            self.argv.iter().position(|a| a.starts_with('-') && !a.starts_with("-M") && a.ends_with('e'))
        else {
            sys.err("perl: only -e 'print ..' is simulated\n");
            return Turn::Exit(2);
        };
        let code = self.argv.get(i + 1).map_or("", |c| c.trim().trim_end_matches(';'));
        let newline = self.argv[i].contains('l');
        let expr = code.strip_prefix("print").map_or("", str::trim);
        let digits = expr
            .strip_prefix("bpi(")
            .and_then(|r| r.strip_suffix(')'))
            .and_then(|n| n.trim().parse::<usize>().ok());
        let text = match digits {
            Some(n) if (1..=DIGITS_MAX).contains(&n) => {
                sys.charge((n * n / 2000) as u32);
                pi(n)
            }
            _ => {
                let quoted = expr.strip_prefix(['"', '\'']).and_then(|r| r.strip_suffix(['"', '\'']));
                match quoted {
                    Some(text) => crate::shell::unescape(text, false).0,
                    None => {
                        sys.err("perl: only 'print bpi(N)' and 'print \"..\"' are simulated\n");
                        return Turn::Exit(2);
                    }
                }
            }
        };
        sys.out(format!("{text}{}", if newline { "\n" } else { "" }));
        Turn::Exit(0)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn pi_is_pi() {
        assert_eq!(super::pi(10), "3.141592654");
        assert_eq!(super::pi(50), "3.1415926535897932384626433832795028841971693993751");
        assert!(super::pi(2000).ends_with("59958133904780275901"), "{}", &super::pi(2000)[1980..]);
    }
}
