# Sourced by scripts that fetch packages of Debian's suites. They leave the system
# as it is: apt works in $work, a directory of the script's own, and verifies
# signatures as always.

keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.[gp]*' -print -quit 2>/dev/null || true)

# lacking COMMAND... prints what this machine lacks to fetch packages, apart from
# the commands that it is to have for that.
lacking() {
  local tool
  for tool in apt-get dpkg "$@"; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" && return; }
  done
  [ -n "$keyring" ] || echo "the package debian-archive-keyring is missing"
}

# quietly COMMAND... tries three times and prints output only of what fails.
quietly() {
  local try
  for try in 1 2 3; do
    ! "$@" >"$work/log" 2>&1 || return 0
    [ $try = 3 ] || sleep $((try * 3))
  done
  tail -n 20 "$work/log" >&2
  return 1
}

# debian_mirror [OPTION...] prints where the machine gets Debian from. apt knows
# the origin of an archive once it has its lists.
debian_mirror() {
  apt-get "$@" indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1
}

# configure_apt writes $work/apt.conf, for which no package is installed, and sets
# mirror, to nothing where no source of apt is Debian's.
configure_apt() {
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  : >"$work/status" # no package is installed, so that apt resolves libc too
  cat >"$work/base.conf" <<END
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/status";
Dir::Cache "$work";
Dir::Cache::Archives "$work/archives";
APT::Install-Recommends "false";
APT::Get::List-Cleanup "false";
APT::Sandbox::User "$(id -un)";
APT::Update::Error-Mode "any";
Acquire::Retries "3";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
END
  {
    cat "$work/base.conf"
    echo "Dir::Etc::SourceList \"$work/sources.list\"; Dir::Etc::SourceParts \"/dev/null\";"
  } >"$work/apt.conf"
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then # its lists were removed, as images do
    quietly apt-get -c "$work/base.conf" update || return
    mirror=$(debian_mirror -c "$work/base.conf")
  fi
}

# read_suites SUITE... makes them apt's sources, and reads their lists.
read_suites() {
  printf "deb [signed-by=$keyring] $mirror %s main\n" "$@" >"$work/sources.list"
  quietly apt-get -c "$work/apt.conf" update
}
