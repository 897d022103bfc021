// SPDX-License-Identifier: GPL-2.0

//! Debian packages: those that the machine lacks, and those of a newer release for the cache.

use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of the machine's own release, and what it is for.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub why: &'static str,
}

impl Package {
    pub fn new(name: impl Into<String>, why: &'static str) -> Self {
        Self {
            name: name.into(),
            why,
        }
    }

    fn installed(&self) -> bool {
        process::output(Command::new("dpkg-query").args([
            "-W",
            "-f=${db:Status-Status}",
            &self.name,
        ]))
        .is_ok_and(|status| status == "installed")
    }
}

/// Installs those of `packages` that are missing, and says so.
pub fn install_missing(workspace: &Workspace, step: &Step, packages: &[Package]) -> Result<()> {
    let missing: Vec<_> = packages.iter().filter(|p| !p.installed()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        step.say(&format!("installing {}: {}", package.name, package.why));
    }
    update(workspace, step)?;
    let mut install = as_root("apt-get")?;
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(missing.iter().map(|package| &package.name))
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::logged(step, &mut install, &workspace.cache("logs/apt-install.log"))
}

/// Fetches the machine's own package lists.
pub fn update(workspace: &Workspace, step: &Step) -> Result<()> {
    process::logged(
        step,
        as_root("apt-get")?.args(["update", "-o", "DPkg::Lock::Timeout=300"]),
        &workspace.cache("logs/apt-update.log"),
    )
}

fn as_root(program: &str) -> Result<Command> {
    let uid = process::output(Command::new("id").arg("-u"))?;
    if uid.trim() == "0" {
        return Ok(process::command(program));
    }
    if !process::exists("sudo") {
        bail!("packages have to be installed: run this as root, or install sudo");
    }
    let mut command = process::command("sudo");
    command.arg(program);
    Ok(command)
}

/// The names of the machine's packages that match `pattern`.
pub fn names(pattern: &str) -> Result<Vec<String>> {
    let found = process::output(Command::new("apt-cache").args(["search", "-n", pattern]))?;
    Ok(found
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_string)
        .collect())
}

/// A second apt, with lists and a configuration of its own, for packages that are unpacked into the
/// cache and never installed. It knows releases that are newer than the machine.
pub struct Archive {
    config: PathBuf,
    log: PathBuf,
}

/// A version of a package in an [`Archive`].
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub package: String,
    pub version: String,
    pub sha256: String,
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const NEWER_SUITES: [&str; 4] = ["trixie-backports", "sid", "forky", "experimental"];

impl Archive {
    /// Sets the second apt up and fetches its lists, from the mirror that the machine uses.
    pub fn open(workspace: &Workspace, step: &Step) -> Result<Self> {
        Self::set_up(workspace, step, "apt", None)
    }

    /// The same, for packages of another architecture.
    pub fn open_for(workspace: &Workspace, step: &Step, architecture: &str) -> Result<Self> {
        let name = format!("apt-{architecture}");
        Self::set_up(workspace, step, &name, Some(architecture))
    }

    fn set_up(
        workspace: &Workspace,
        step: &Step,
        name: &str,
        architecture: Option<&str>,
    ) -> Result<Self> {
        let root = workspace.cache(name);
        for dir in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(root.join(dir)).context("cannot create apt's directories")?;
        }
        let archive = Self {
            config: root.join("apt.conf"),
            log: workspace.cache("logs/apt-archive.log"),
        };

        let (mirror, own_suites) = match debian_mirror()? {
            Some(found) => found,
            None => {
                // An image may come without package lists.
                update(workspace, step)?;
                debian_mirror()?.context(
                    "the machine's apt sources name no Debian archive to take the kernel source \
                     from; name a 7.3 tree or tarball with KERNEL_SRC=",
                )?
            }
        };
        let sources: String = NEWER_SUITES
            .iter()
            .map(|suite| suite.to_string())
            .chain(own_suites)
            .map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"))
            .collect();
        fs::write(root.join("sources.list"), sources)?;
        fs::write(&archive.config, configuration(&root, architecture))?;

        // A suite that the mirror lacks makes this fail although all others were fetched; whether
        // what is needed was found shows later.
        let _ = process::logged(step, archive.apt("apt-get").arg("update"), &archive.log);
        Ok(archive)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = process::command(program);
        command.env("APT_CONFIG", &self.config).env("LC_ALL", "C");
        command
    }

    /// The newest version of `package` that starts with `prefix`.
    pub fn newest(&self, package: &str, prefix: &str) -> Result<Version> {
        let shown =
            process::output(self.apt("apt-cache").args(["show", package])).unwrap_or_default();
        parse_versions(package, &shown)
            .into_iter()
            .filter(|found| found.version.starts_with(prefix))
            .reduce(|best, next| if is_newer(&next, &best) { next } else { best })
            .with_context(|| {
                format!(
                    "no suite of the Debian archive in {} has {package} {prefix}*; what apt said is \
                     in {}",
                    self.config.with_file_name("sources.list").display(),
                    self.log.display()
                )
            })
    }

    /// Downloads a package into `dir` and unpacks it there. apt verifies its checksum.
    pub fn unpack(&self, step: &Step, version: &Version, dir: &Path) -> Result<()> {
        let mut download = self.apt("apt-get");
        download
            .current_dir(dir)
            .arg("download")
            .arg(format!("{}={}", version.package, version.version));
        process::logged(step, &mut download, &self.log).with_context(|| {
            let (package, version) = (&version.package, &version.version);
            format!("cannot download {package} {version}; nothing of it is kept, so try again")
        })?;

        let deb = fs::read_dir(dir)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("apt left no package in {}", dir.display()))?;
        let mut unpack = process::command("dpkg-deb");
        unpack.arg("-x").arg(&deb).arg(dir);
        process::logged(step, &mut unpack, &self.log)?;
        fs::remove_file(&deb).with_context(|| format!("cannot remove {}", deb.display()))
    }
}

fn configuration(root: &Path, architecture: Option<&str>) -> String {
    let root = root.display();
    // What the machine has installed is of another architecture, and does not matter here.
    let architecture = architecture.map_or(String::new(), |name| {
        format!(
            "APT::Architecture \"{name}\";\nAPT::Architectures \"{name}\";\n\
             Dir::State::status \"/dev/null\";\n"
        )
    });
    format!(
        r#"{architecture}Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "{root}/state";
Dir::Cache "{root}/cache";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"#
    )
}

/// The mirror of the Debian archive that the machine uses, and the suites that it takes from there.
fn debian_mirror() -> Result<Option<(String, BTreeSet<String>)>> {
    let targets = process::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)",
        "Created-By: Packages",
    ]))?;
    Ok(parse_mirror(&targets))
}

fn parse_mirror(targets: &str) -> Option<(String, BTreeSet<String>)> {
    let found: Vec<(&str, &str)> = targets
        .lines()
        .filter_map(|line| match line.split('|').collect::<Vec<_>>()[..] {
            [uri, suite, "Debian", "Debian"] => Some((uri, suite)),
            _ => None,
        })
        .collect();
    let mirror = found.first()?.0.to_string();
    Some((
        mirror,
        found.iter().map(|(_, suite)| suite.to_string()).collect(),
    ))
}

fn parse_versions(package: &str, shown: &str) -> Vec<Version> {
    shown
        .split("\n\n")
        .filter_map(|stanza| {
            let field = |name: &str| {
                stanza
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                    .map(str::to_string)
            };
            Some(Version {
                package: package.to_string(),
                version: field("Version")?,
                sha256: field("SHA256")?,
            })
        })
        .collect()
}

fn is_newer(a: &Version, b: &Version) -> bool {
    Command::new("dpkg")
        .args(["--compare-versions", &a.version, "gt", &b.version])
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_debian_archive_and_not_another_source() {
        let targets = "http://vendor.example/apt|stable|Vendor|Vendor\n\
                       http://mirror.example/debian-security/|bookworm-security|Debian|Debian-Security\n\
                       http://mirror.example/debian/|bookworm|Debian|Debian\n\
                       http://mirror.example/debian/|bookworm-updates|Debian|Debian\n";
        let (mirror, suites) = parse_mirror(targets).expect("a mirror");
        assert_eq!(mirror, "http://mirror.example/debian/");
        assert_eq!(Vec::from_iter(suites), ["bookworm", "bookworm-updates"]);
        assert_eq!(
            parse_mirror("http://vendor.example/apt|s|Vendor|Vendor"),
            None
        );
    }

    #[test]
    fn all_versions_of_a_package_are_read() {
        let shown = "Package: rust-src\nVersion: 1.96.1+dfsg1-2\nSHA256: aa\n\n\
                     Package: rust-src\nVersion: 1.95.0+dfsg1-2\nSHA256: bb\n";
        let versions = parse_versions("rust-src", shown);
        assert_eq!(versions.len(), 2);
        assert_eq!(versions[1].version, "1.95.0+dfsg1-2");
        assert_eq!(versions[1].sha256, "bb");
    }

    #[test]
    fn versions_compare_as_debian_compares_them() {
        let version = |version: &str| Version {
            package: "p".into(),
            version: version.into(),
            sha256: String::new(),
        };
        assert!(is_newer(&version("7.3.10-1"), &version("7.3.4-1~bpo13+1")));
        assert!(!is_newer(&version("7.3.4-1~bpo13+1"), &version("7.3.4-1")));
    }
}
