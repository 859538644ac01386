//! What distributions say of themselves in `/etc`, by an image's tag.

use super::base::Base;
use super::versions::version;
use crate::fs::Tree;

/// A release: what tags call it, its number in full, and its name.
type Release = (&'static [&'static str], &'static str, &'static str);

/// The first stands for every other tag.
const UBUNTU: [Release; 7] = [
    (&["24.04", "noble"], "24.04.1 LTS", "Noble Numbat"),
    (&["22.04", "jammy"], "22.04.5 LTS", "Jammy Jellyfish"),
    (&["20.04", "focal"], "20.04.6 LTS", "Focal Fossa"),
    (&["18.04", "bionic"], "18.04.6 LTS", "Bionic Beaver"),
    (&["16.04", "xenial"], "16.04.7 LTS", "Xenial Xerus"),
    (&["14.04", "trusty"], "14.04.6 LTS", "Trusty Tahr"),
    (&["24.10", "oracular", "rolling"], "24.10", "Oracular Oriole"),
];
const DEBIAN: [Release; 5] = [
    (&["12", "bookworm"], "12.8", "bookworm"),
    (&["11", "bullseye"], "11.11", "bullseye"),
    (&["10", "buster"], "10.13", "buster"),
    (&["9", "stretch"], "9.13", "stretch"),
    (&["13", "trixie"], "13.0", "trixie"),
];

fn find(all: &[Release], tag: &str) -> Release {
    let tag = tag.split('-').next().unwrap_or_default();
    let fits = |t: &str| tag.strip_prefix(t).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    all.iter().find(|r| r.0.iter().any(|t| fits(t))).copied().unwrap_or(all[0])
}

/// Writes `/etc/os-release` and its like.
pub(super) fn write(tree: &mut Tree, base: Base, tag: &str) {
    let (text, file, number) = match base {
        Base::Alpine => {
            let v = version("alpine", tag);
            let minor = v.rsplit_once('.').map_or(v.as_str(), |(m, _)| m);
            let text = format!(
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID={v}\nPRETTY_NAME=\"Alpine Linux v{minor}\"\nHOME_URL=\"https://alpinelinux.org/\"\nBUG_REPORT_URL=\"https://gitlab.alpinelinux.org/alpine/aports/-/issues\"\n"
            );
            (text, "/etc/alpine-release", v)
        }
        Base::Debian => {
            let (_, full, name) = find(&DEBIAN, tag);
            let major = full.split('.').next().unwrap_or_default();
            let text = format!(
                "PRETTY_NAME=\"Debian GNU/Linux {major} ({name})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{major}\"\nVERSION=\"{major} ({name})\"\nVERSION_CODENAME={name}\nID=debian\nHOME_URL=\"https://www.debian.org/\"\nSUPPORT_URL=\"https://www.debian.org/support\"\nBUG_REPORT_URL=\"https://bugs.debian.org/\"\n"
            );
            (text, "/etc/debian_version", full.to_string())
        }
        Base::Ubuntu => {
            let (tags, full, name) = find(&UBUNTU, tag);
            let (id, code) = (tags[0], tags[1]);
            let text = format!(
                "PRETTY_NAME=\"Ubuntu {full}\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"{id}\"\nVERSION=\"{full} ({name})\"\nVERSION_CODENAME={code}\nID=ubuntu\nID_LIKE=debian\nHOME_URL=\"https://www.ubuntu.com/\"\nSUPPORT_URL=\"https://help.ubuntu.com/\"\nBUG_REPORT_URL=\"https://bugs.launchpad.net/ubuntu/\"\nPRIVACY_POLICY_URL=\"https://www.ubuntu.com/legal/terms-and-policies/privacy-policy\"\nUBUNTU_CODENAME={code}\n"
            );
            let sid = match code {
                "noble" | "oracular" => "trixie/sid",
                "jammy" => "bookworm/sid",
                "focal" => "bullseye/sid",
                "bionic" => "buster/sid",
                _ => "stretch/sid",
            };
            (text, "/etc/debian_version", sid.to_string())
        }
        Base::Busybox | Base::Scratch => return,
    };
    tree.put_file("/etc/os-release", text.as_bytes(), 0o644);
    tree.put_file(file, format!("{number}\n").as_bytes(), 0o644);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_release() {
        for (base, tag, want) in [
            (Base::Ubuntu, "22.04", "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\""),
            (Base::Ubuntu, "latest", "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\""),
            (Base::Debian, "bullseye-slim", "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\""),
            (Base::Alpine, "3.19", "PRETTY_NAME=\"Alpine Linux v3.19\""),
        ] {
            let mut tree = Tree::default();
            write(&mut tree, base, tag);
            let text = String::from_utf8_lossy(tree.file("/etc/os-release").unwrap_or_default()).into_owned();
            assert!(text.contains(want), "{tag}: {text}");
        }
    }
}
