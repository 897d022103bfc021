// SPDX-License-Identifier: GPL-2.0

//! Debian packages: installed on the machine, or unpacked into the cache.

use crate::host::process;
use crate::host::progress::Step;
use crate::host::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// For the kernel source, bindgen, and busybox of a new architecture.
const SUITES: [&str; 3] = ["trixie", "trixie-backports", "sid"];

/// Installs those of `packages` that are missing. Touches neither apt nor the network if none is.
pub fn install_missing(workspace: &Workspace, step: &Step, packages: &[&str]) -> Result<()> {
    let mut query = Command::new("dpkg-query");
    query
        .args(["-W", "-f=${db:Status-Status}\n"])
        .args(packages);
    // It fails for a package that was never installed.
    let states = process::output(&mut query).unwrap_or("unknown".into());
    if states.lines().all(|state| state == "installed") {
        return Ok(());
    }
    step.say(&format!("installing what is missing of {packages:?}"));
    update(workspace, step)?;
    let options = [
        "install",
        "--yes",
        "--no-install-recommends",
        "--no-upgrade",
    ];
    let lock = ["-o", "DPkg::Lock::Timeout=300"];
    as_root(workspace, step, &[&options[..], &lock, packages].concat())
}

fn update(workspace: &Workspace, step: &Step) -> Result<()> {
    as_root(workspace, step, &["update"])
}

/// Runs apt-get as root.
fn as_root(workspace: &Workspace, step: &Step, arguments: &[&str]) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = process::command(if is_root { "env" } else { "sudo" });
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(arguments);
    process::logged(step, &mut command, &workspace.cache("logs/apt.log"))
        .context("packages have to be installed, as root or with sudo")
}

/// Downloads what apt takes `package` for into `dir`: the newest of a version as in `name=1.2*`, or
/// that of a release as in `name/trixie`.
///
/// apt has lists of its own for this. They know newer releases than the machine, and other
/// architectures.
pub fn download(
    workspace: &Workspace,
    step: &Step,
    architecture: &str,
    package: &str,
    dir: &Path,
) -> Result<PathBuf> {
    let root = workspace.cache(format!("apt-{architecture}"));
    fs::create_dir_all(root.join("archives/partial"))?;
    let mirror = mirror(workspace, step)?;
    let sources = SUITES.map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"));
    fs::write(root.join("sources.list"), sources.concat())?;
    let place = root.display();
    let options = [
        format!("APT::Architecture={architecture}"),
        format!("APT::Architectures={architecture}"),
        format!("Dir::Etc::sourcelist={place}/sources.list"),
        "Dir::Etc::sourceparts=/dev/null".into(),
        format!("Dir::State={place}"),
        // What is installed on the machine does not matter.
        "Dir::State::status=/dev/null".into(),
        format!("Dir::Cache={place}"),
        "Acquire::Languages=none".into(),
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".into(),
        "APT::Sandbox::User=root".into(),
    ];
    let apt_get = |arguments: &[&str]| {
        let mut command = process::command("apt-get");
        for option in &options {
            command.args(["-o", option]);
        }
        command.args(arguments).env("LC_ALL", "C").current_dir(dir);
        let log = workspace.cache(format!("logs/apt-{architecture}.log"));
        process::logged(step, &mut command, &log)
    };
    step.say(&format!("downloading {package} from {mirror}"));
    // Fails if the mirror lacks one of the suites. What is missing shows at the download.
    let _ = apt_get(&["update"]);
    apt_get(&["download", package])?;
    fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt left no package in {}", dir.display()))
}

/// Downloads a package likewise, and unpacks it into `dir`.
pub fn unpack(
    workspace: &Workspace,
    step: &Step,
    architecture: &str,
    package: &str,
    dir: &Path,
) -> Result<()> {
    let deb = download(workspace, step, architecture, package, dir)?;
    process::output(Command::new("dpkg-deb").arg("-x").args([&*deb, dir]))?;
    fs::remove_file(&deb).with_context(|| format!("cannot remove {}", deb.display()))
}

/// The machine's mirror of the Debian archive.
fn mirror(workspace: &Workspace, step: &Step) -> Result<String> {
    let list = || {
        let format = ["indextargets", "--format", "$(REPO_URI)"];
        // The archive, and not that of security updates or of another vendor.
        let only = ["Created-By: Packages", "Origin: Debian", "Label: Debian"];
        process::output(Command::new("apt-get").args(format).args(only))
    };
    let mut found = list()?;
    if found.is_empty() {
        // An image may come without package lists.
        update(workspace, step)?;
        found = list()?;
    }
    let mirror = found.lines().next().context(
        "the machine's apt sources name no Debian archive to take the kernel source from; \
         name a 7.3 tree or tarball with KERNEL_SRC=",
    )?;
    Ok(mirror.to_string())
}
