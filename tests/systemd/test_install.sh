#!/bin/sh
# make install and uninstall into a folder: what lands where, and that nobody's changed configuration is lost.
set -eu

root=${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${BUILD:-$root/build}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/followup-install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
etc=$tree/etc/followupd
number=0

# The project with a configuration of its own, which can become the next release's.
mkdir "$scratch/source"
for item in "$root"/* "$root"/.ci; do
	ln -s "$item" "$scratch/source/"
done
rm "$scratch/source/conf"
cp -R "$root/conf" "$scratch/source/conf"

# make_it WORD...
make_it() {
	make -s -C "$scratch/source" BUILD="$build" DESTDIR="$tree" "$@" >"$scratch/said" 2>&1
}

# check WHAT COMMAND...: a test; the command says whether it holds
check() {
	what=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		sed 's/^/# /' "$scratch/said"
		failed=1
	fi
}

says() {
	grep -q -e "$1" "$scratch/said"
}
no_file() {
	[ ! -e "$1" ]
}
no_files_but() {
	found=$(cd "$tree" && find . -type f | sort | tr '\n' ' ')
	[ "$found" = "$1" ] || {
		echo "# there is: $found"
		return 1
	}
}
failed=0

make_it install
check "programs, manuals, units and configuration are in their places" ls "$tree/usr/sbin/followupd" "$tree/usr/bin/followupctl" "$tree/usr/sbin/followup-console" \
	"$tree/usr/share/man/man8/followupd.8" "$tree/usr/share/man/man5/followupd.conf.5" "$tree/usr/share/man/man1/followupctl.1" \
	"$tree/usr/share/bash-completion/completions/followupctl" "$tree/usr/share/zsh/vendor-completions/_followupctl" \
	"$tree/usr/lib/systemd/system/followupd.service" "$tree/usr/lib/systemd/system/followupd.socket" \
	"$tree/usr/lib/systemd/system/followup-console.service" "$tree/usr/lib/sysusers.d/followup-console.conf" "$etc/followup-console.conf" \
	"$tree/usr/lib/sysusers.d/followupd.conf" "$tree/usr/lib/tmpfiles.d/followupd.conf" "$etc/followupd.conf" \
	"$etc/rules.d/dormant.conf" "$etc/calendar/lunar-years.csv" "$tree/usr/share/doc/followupd/examples/sms-gateway/templates/birthday.txt" \
	"$tree/usr/share/doc/followupctl/examples/clients/followup_client.py"
check "the installed program finds the installed configuration right" "$tree/usr/sbin/followupd" check -c "$etc/followupd.conf"
check "so does the installed console" "$tree/usr/sbin/followup-console" check -c "$etc/followup-console.conf"

echo "# ours" >>"$etc/followupd.conf"
rm "$etc/rules.d/dormant.conf"
cp "$etc/followupd.conf" "$scratch/ours"
make_it install
check "the same release again changes nothing" cmp -s "$etc/followupd.conf" "$scratch/ours"
check "and does not offer what is known already" no_file "$etc/followupd.conf.new"
check "a file that was removed stays removed" no_file "$etc/rules.d/dormant.conf"

echo "# next release" >>"$scratch/source/conf/followupd.conf"
echo "# next release" >>"$scratch/source/conf/rules.d/complaint.conf"
make_it install
check "the next release keeps a changed file" cmp -s "$etc/followupd.conf" "$scratch/ours"
check "puts its own beside it" cmp -s "$etc/followupd.conf.new" "$scratch/source/conf/followupd.conf"
check "says so" says 'followupd.conf was changed here'
check "and replaces an unchanged one" cmp -s "$etc/rules.d/complaint.conf" "$scratch/source/conf/rules.d/complaint.conf"

mkdir -p "$tree/var/lib/followupd"
echo book >"$tree/var/lib/followupd/followupd.db"
make_it uninstall
check "uninstall leaves changed configuration and data, and nothing else" \
	no_files_but "./etc/followupd/followupd.conf ./var/lib/followupd/followupd.db "
check "and says what it leaves" says 'followupd.conf was changed here, and stays'

rm -rf "$tree"
make_it install PREFIX=/opt/desk SYSCONFDIR=/opt/desk/etc
check "with another PREFIX the unit names the programs and the configuration there" \
	grep -q '^ExecStart=/opt/desk/sbin/followupd -c /opt/desk/etc/followupd/followupd.conf$' \
	"$tree/usr/lib/systemd/system/followupd.service"
make_it uninstall PREFIX=/opt/desk SYSCONFDIR=/opt/desk/etc
check "and nothing is left of it" no_files_but ""
echo "1..$number"
exit "$failed"
