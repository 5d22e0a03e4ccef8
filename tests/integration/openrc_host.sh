#!/bin/sh
# Makes a root of this machine's own files and OpenRC's, below an overlay in namespaces of its own, and runs a release
# as a service in it: openrc_host.sh FOLDER PACKAGES TREE SERVICE SCRIPT. Says what happened as lines name=value.
set -eu
folder=$1 packages=$2 tree=$3 service=$4 script=$5
root=$folder/root

mount -t tmpfs -o mode=755 dray-test "$folder"
mkdir "$folder/upper" "$folder/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" dray-test "$root"
for package in "$packages"/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-overwrite-dir -C "$root"
done
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 run "$root/run"
mount --rbind /dev "$root/dev"
mkdir -p "$root/opt/greeter" "$root/usr/local/libexec" "$root/run/openrc"
for state in daemons exclusive failed inactive options scheduled started starting stopping wasinactive; do
  mkdir "$root/run/openrc/$state"
done
touch "$root/run/openrc/softlevel"
mount --bind "$tree" "$root/opt/greeter"
cp "$service" "$root/etc/init.d/greeter"
cp "$script" "$root/usr/local/libexec/greeter.sh"
ip link set lo up

exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -eu -s <<'SCENARIO'
service () {
  rc-service -D greeter "$1" >&2 && echo "$2=0" || echo "$2=$?"
}
pid () {
  su -s /bin/sh nobody -c '/usr/local/libexec/greeter.sh pid' 2>/dev/null || :
}
service start start
service status status
first=$(pid)
echo "nasty=$(tr '\0' '\001' <"/proc/$first/environ" | base64 -w 0)"
echo "user=$(stat -c %U "/proc/$first")"
echo "files=$(awk '/^Max open files/ { print $4 }' "/proc/$first/limits")"
kill -KILL "$first"
left=300
while second=$(pid) && { [ -z "$second" ] || [ "$second" = "$first" ]; } && [ "$left" -gt 0 ]; do
  left=$((left - 1))
  sleep 0.1
done
echo "restarted=${second:+yes}"
echo "reload=$(rc-service -D greeter reload 2>/dev/null | grep -c 'it`s $x 5% ${y}')"
service stop stop
service status stopped
echo "left=$(pid)"
SCENARIO
