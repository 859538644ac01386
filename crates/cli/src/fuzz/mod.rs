//! `wheelhouse fuzz TARGET`: inputs made at random from a seed; a panic is the finding.
//!
//! Owns: making inputs and counting them. A target is a function of one seed; its file says what it tries.

mod dockerfile;
mod entries;
mod expressions;
mod image;
mod net;
mod patches;
mod requests;
mod selectors;
mod shell;
mod templates;
mod values;
mod yaml;

use clock::Rng;

/// Tries what a seed makes.
type Target = fn(&mut Rng);

const TARGETS: [(&str, Target); 11] = [
    ("shell", shell::try_one),
    ("dockerfile", dockerfile::try_one),
    ("image", image::try_one),
    ("net", net::try_one),
    ("yaml", yaml::try_one),
    ("jsonpath", selectors::try_jsonpath),
    ("selectors", selectors::try_one),
    ("patches", patches::try_one),
    ("templates", templates::try_one),
    ("expressions", expressions::try_one),
    ("requests", requests::try_one),
];

/// Tries a target `count` times from `seed` on.
///
/// # Errors
/// No such target.
pub fn run(target: &str, seed: u64, count: u64) -> Result<(), String> {
    let known = TARGETS.map(|(n, _)| n).join(", ");
    let found = TARGETS.iter().find(|(n, _)| *n == target);
    let (_, try_one) = found.ok_or_else(|| format!("no such target: {target} (there are: {known})"))?;
    for n in 0..count {
        try_one(&mut Rng::new(seed.wrapping_add(n)));
        if n % 100_000 == 99_999 {
            eprintln!("{target}: {} of {count}", n + 1);
        }
    }
    Ok(())
}

/// # Errors
/// Wrong arguments.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let value = |name: &str, default: u64| -> Result<u64, String> {
        match arguments.iter().position(|a| a == name) {
            Some(i) => arguments
                .get(i + 1)
                .and_then(|v| v.parse().ok())
                .ok_or_else(|| format!("{name} wants a number")),
            None => Ok(default),
        }
    };
    let (seed, count) = (value("--seed", 1)?, value("--count", 10_000)?);
    let target = arguments.first().filter(|a| !a.starts_with('-'));
    let target = target.ok_or("usage: wheelhouse fuzz TARGET [--count N] [--seed N]")?;
    run(target, seed, count)?;
    println!("{target}: {count} inputs from seed {seed}, no panic");
    Ok(())
}

/// One of a list.
fn pick<'a>(rng: &mut Rng, list: &[&'a str]) -> &'a str {
    list[rng.below(list.len() as u64) as usize]
}

/// A few letters, some of them unusual.
fn noise(rng: &mut Rng) -> String {
    let odd = [
        "é", "漢", "\0", "\u{7f}", "🐳", "\t", "\r\n", " ", "-", "$", "\"", "'", "\\", "/", ":", "@", "=",
        "..",
    ];
    let long = 1 + rng.below(5) as usize;
    let mut text = rng.letters(b"abcXYZ019_", long);
    if rng.below(3) == 0 {
        text.push_str(odd[rng.below(odd.len() as u64) as usize]);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_few_of_each_target_and_no_panic() {
        let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(150);
        for (target, _) in super::TARGETS {
            assert_eq!(super::run(target, 1, seeds), Ok(()), "{target}");
        }
        assert!(super::run("nothing", 1, 1).is_err());
    }
}
