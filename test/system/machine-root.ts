import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sh } from '../network/instance.ts';

/** Who is on the machine: one in the group `rolekeeper`, one whose service joins it, and one who is nothing to it. */
export const USERS = { member: 'member', app: 'app', stranger: 'stranger' } as const;
export type User = keyof typeof USERS;
/** Where the machine has both packages. */
export const PACKAGE = '/root/rolekeeper.deb';
export const NEXT_PACKAGE = '/root/rolekeeper-next.deb';
/** Where the machine has this checkout, and with it the runtime. */
export const CHECKOUT = '/opt/checkout';

/** A service that needs credentials when it starts, with the drop-in that the package has for those. */
const CONSUMER = `[Unit]
Description=Service that needs credentials when it starts
[Service]
Type=oneshot
RemainAfterExit=yes
User=app
ExecStart=/bin/sh -c '/usr/libexec/rolekeeper/credential-process >/dev/null'
[Install]
WantedBy=multi-user.target
`;

/**
 * A copy of the base, in memory, with the package installed as in an image: nothing runs yet, and nothing of the package was
 * edited. Returns its root directory.
 */
export function machineRoot(base: string, work: string, deb: string, nextDeb: string): string {
  const place = join(work, 'machine');
  const root = join(place, 'root');
  mkdirSync(place);
  sh(`
    mount -t tmpfs -o size=1800m,mode=755 none '${place}'
    mkdir '${place}/upper' '${place}/work' '${root}'
    mount -t overlay none -o 'lowerdir=${base},upperdir=${place}/upper,workdir=${place}/work' '${root}'
  `);
  copyFileSync(deb, join(root, PACKAGE));
  copyFileSync(nextDeb, join(root, NEXT_PACKAGE));
  sh(
    `
    mount -t proc none /proc
    dpkg --install ${PACKAGE} >/root/install.log 2>&1 || { cat /root/install.log >&2; exit 1; }
    umount /proc
    useradd --groups rolekeeper member
    useradd app
    useradd stranger
    dropin=/etc/systemd/system/consumer.service.d
    mkdir "$dropin"
    cp /usr/share/doc/rolekeeper/examples/consumer.conf "$dropin/rolekeeper.conf"
    cat >/etc/systemd/system/consumer.service <<'UNIT'\n${CONSUMER}UNIT
    systemctl enable consumer.service 2>/dev/null
    `,
    ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8', 'chroot', root],
  );
  return root;
}
