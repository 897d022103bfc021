// SPDX-License-Identifier: GPL-2.0

//! Debian packages: installed on the machine, or unpacked into the cache.

use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A package of the machine's own release, and what it is for.
pub type Package = (&'static str, &'static str);

/// Installs those of `packages` that are missing, and says so. A name may be a pattern of apt's.
pub fn install_missing(workspace: &Workspace, step: &Step, packages: &[Package]) -> Result<()> {
    let mut missing = Vec::new();
    for (name, why) in packages {
        if !is_installed(name) {
            step.say(&format!("installing {name}: {why}"));
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    update(workspace, step)?;
    let mut install = as_root("apt-get")?;
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    process::logged(step, &mut install, &workspace.cache("logs/apt-install.log"))
}

fn is_installed(package: &str) -> bool {
    process::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

/// Fetches the machine's own package lists, once a run.
fn update(workspace: &Workspace, step: &Step) -> Result<()> {
    static UPDATED: Mutex<bool> = Mutex::new(false);

    // Steps run side by side, and a second apt would fail at apt's lock.
    let mut updated = UPDATED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*updated {
        let mut update = as_root("apt-get")?;
        update.arg("update");
        process::logged(step, &mut update, &workspace.cache("logs/apt-update.log"))?;
        *updated = true;
    }
    Ok(())
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

/// A second apt with lists of its own, for packages that are unpacked into the cache and not
/// installed. It knows newer releases than the machine, and other architectures.
pub struct Archive {
    config: PathBuf,
    log: PathBuf,
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// For the kernel source, bindgen, rust-src of a new rustc, and busybox of a new architecture.
const SUITES: [&str; 3] = ["trixie", "trixie-backports", "sid"];

impl Archive {
    /// Fetches the lists for an architecture, once a run, from the mirror that the machine uses.
    pub fn open(workspace: &Workspace, step: &Step, architecture: &str) -> Result<Self> {
        static FETCHED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

        let name = format!("apt-{architecture}");
        let root = workspace.cache(&name);
        let archive = Self {
            config: root.join("apt.conf"),
            log: workspace.cache(format!("logs/{name}.log")),
        };
        let mut fetched = FETCHED.lock().unwrap_or_else(PoisonError::into_inner);
        if fetched.contains(&name) {
            return Ok(archive);
        }
        for dir in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(root.join(dir)).context("cannot create apt's directories")?;
        }
        let mut found = debian_mirror()?;
        if found.is_none() {
            // An image may come without package lists.
            update(workspace, step)?;
            found = debian_mirror()?;
        }
        let (mirror, mut suites) = found.context(
            "the machine's apt sources name no Debian archive to take the kernel source from; \
             name a 7.3 tree or tarball with KERNEL_SRC=",
        )?;
        suites.extend(SUITES.map(str::to_string));
        let sources = suites
            .iter()
            .map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"));
        fs::write(root.join("sources.list"), sources.collect::<String>())?;
        fs::write(&archive.config, configuration(&root, architecture))?;

        step.say("fetching the package lists of newer Debian releases");
        // Fails if the mirror lacks one of the suites. What is missing shows at the download.
        let _ = process::logged(step, archive.apt_get().arg("update"), &archive.log);
        fetched.insert(name);
        Ok(archive)
    }

    fn apt_get(&self) -> Command {
        let mut command = process::command("apt-get");
        command.env("APT_CONFIG", &self.config).env("LC_ALL", "C");
        command
    }

    /// Downloads what apt takes `package` for into `dir`: the newest of a version as in `name=1.2*`,
    /// or that of a release as in `name/trixie`. apt verifies the checksum.
    pub fn download(&self, step: &Step, package: &str, dir: &Path) -> Result<PathBuf> {
        let mut download = self.apt_get();
        download.current_dir(dir).args(["download", package]);
        process::logged(step, &mut download, &self.log)
            .with_context(|| format!("cannot download {package}"))?;
        fs::read_dir(dir)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("apt left no package in {}", dir.display()))
    }

    /// Downloads a package likewise, and unpacks it into `dir`.
    pub fn unpack(&self, step: &Step, package: &str, dir: &Path) -> Result<()> {
        let deb = self.download(step, package, dir)?;
        let mut unpack = process::command("dpkg-deb");
        process::logged(step, unpack.arg("-x").arg(&deb).arg(dir), &self.log)?;
        fs::remove_file(&deb).with_context(|| format!("cannot remove {}", deb.display()))
    }
}

fn configuration(root: &Path, architecture: &str) -> String {
    let root = root.display();
    // What is installed on the machine does not matter.
    format!(
        r#"APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
Dir::State::status "/dev/null";
Dir::Etc::sourcelist "{root}/sources.list";
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

/// The machine's mirror of the Debian archive, and the suites it uses.
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
    let (mut mirror, mut suites) = (None, BTreeSet::new());
    for line in targets.lines() {
        if let [uri, suite, "Debian", "Debian"] = line.split('|').collect::<Vec<_>>()[..] {
            mirror.get_or_insert(uri.to_string());
            suites.insert(suite.to_string());
        }
    }
    Some((mirror?, suites))
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
}
