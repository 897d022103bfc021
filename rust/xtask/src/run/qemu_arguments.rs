// SPDX-License-Identifier: GPL-2.0

//! What a person adds to the machine: `QEMU_ARGS=`.

use crate::run::boot;
use crate::setup::architecture::Architecture;
use anyhow::{Context, Result, bail};

/// Options that take the machine out of our hands.
const REFUSED: [(&str, &str); 3] = [
    ("daemonize", "QEMU would go on after this tool has ended"),
    ("kernel", "the kernel is the one with the library"),
    ("initrd", "the modules are in the initramfs of this tool"),
];

/// Splits `given` as a shell does.
///
/// QEMU takes one `-append` only. So what is given there is added to what a run needs. The log is
/// what a run is judged by, so that no `quiet` may shorten it.
pub fn arguments(given: Option<&str>) -> Result<Vec<String>> {
    let given = given.unwrap_or_default();
    let mut words = shell_words::split(given)
        .with_context(|| {
            format!("QEMU_ARGS={given}: is a quote not closed? It is split as a shell does")
        })?
        .into_iter();

    let mut arguments = Vec::new();
    let mut command_line = boot::command_line(Architecture::default());
    while let Some(word) = words.next() {
        let option = word.strip_prefix('-').unwrap_or_default();
        let option = option.strip_prefix('-').unwrap_or(option);
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == option) {
            bail!("QEMU_ARGS={given}: leave out {word}: {why}");
        }
        if option == "append" {
            let more = words
                .next()
                .with_context(|| format!("QEMU_ARGS={given}: nothing follows {word}"))?;
            command_line.push_str(&format!(" {more} ignore_loglevel"));
        } else {
            arguments.push(word);
        }
    }
    arguments.extend(["-append".to_string(), command_line]);
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(given: &str) -> String {
        format!("{:#}", arguments(Some(given)).expect_err(given))
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let given = r#"-device 'edu,id=a b'  -m "1 G" -name x\ y"#;
        let words = arguments(Some(given)).expect("words");
        assert_eq!(
            words[..6],
            ["-device", "edu,id=a b", "-m", "1 G", "-name", "x y"]
        );
        assert_eq!(
            words[6..],
            [
                "-append".to_string(),
                boot::command_line(Architecture::default())
            ]
        );
        assert_eq!(arguments(None).expect("none").len(), 2);
        assert_eq!(arguments(Some("")).expect("an empty setting").len(), 2);
    }

    #[test]
    fn the_kernels_command_line_is_added_to() {
        let words = arguments(Some("-append 'a=1 quiet' -m 1G")).expect("words");
        assert_eq!(words[..2], ["-m", "1G"]);
        let expected = format!(
            "{} a=1 quiet ignore_loglevel",
            boot::command_line(Architecture::default())
        );
        assert_eq!(words[3], expected);
        assert!(error("-append").contains("nothing follows -append"));
    }

    #[test]
    fn an_open_quote_is_named() {
        let error = error("-device 'edu");
        assert!(error.contains("QEMU_ARGS=-device 'edu"), "{error}");
        assert!(error.contains("quote"), "{error}");
    }

    #[test]
    fn an_option_that_takes_the_machine_away_is_refused() {
        assert!(error("-m 1G -daemonize").contains("leave out -daemonize"));
        assert!(error("--kernel x").contains("leave out --kernel"));
    }
}
