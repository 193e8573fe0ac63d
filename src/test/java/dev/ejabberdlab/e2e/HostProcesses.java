package dev.ejabberdlab.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Signals to what runs outside of the guests: QEMU, libvirtd, the API server; each by the process
 * id that it has written down.
 */
final class HostProcesses {

  private HostProcesses() {}

  static void qemu(String signal, String domain) {
    signal(signal, run().resolve("qemu").resolve(domain + ".pid"));
  }

  static void libvirtd(String signal) {
    signal(signal, run().resolve("libvirtd.pid"));
  }

  /** Ends libvirtd; its guests go on. */
  static void stopLibvirtd() {
    long pid = pid(run().resolve("libvirtd.pid"));
    libvirtd("TERM");
    await("libvirtd ends")
        .atMost(GuestStand.PATIENCE)
        .until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
  }

  static void startLibvirtd() {
    GuestStand.run(
        List.of("hack/libvirt.sh", "up", "--name", GuestStand.variable("LAB_LIBVIRT_NAME")), "");
  }

  /** Ends libvirtd, and lets another one, which has no guests, answer at its socket. */
  static void replaceLibvirtd() {
    String uri =
        GuestStand.run(List.of("hack/libvirt.sh", "up", "--name", otherName()), "")
            .lines()
            .filter(line -> line.contains("socket="))
            .findFirst()
            .orElseThrow();
    stopLibvirtd();
    try {
      Files.deleteIfExists(socket(GuestStand.variable("LAB_LIBVIRT_URI")));
      Files.createSymbolicLink(socket(GuestStand.variable("LAB_LIBVIRT_URI")), socket(uri.strip()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes back {@link #replaceLibvirtd}, however far it came. */
  static void bringLibvirtdBack() {
    Path socket = socket(GuestStand.variable("LAB_LIBVIRT_URI"));
    try {
      if (Files.isSymbolicLink(socket)) {
        Files.delete(socket);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    GuestStand.run(List.of("hack/libvirt.sh", "down", "--name", otherName()), "");
    startLibvirtd();
  }

  /** Names have at most 16 characters. */
  private static String otherName() {
    String name = GuestStand.variable("LAB_LIBVIRT_NAME");
    return name.substring(0, Math.min(name.length(), 10)) + "-other";
  }

  private static Path socket(String uri) {
    return Path.of(uri.substring(uri.indexOf("socket=") + "socket=".length()));
  }

  static void apiServer(String signal) {
    signal(
        signal,
        Path.of(GuestStand.variable("LAB_KUBECONFIG"))
            .resolveSibling("control-plane")
            .resolve("kube-apiserver.pid"));
  }

  /** Where libvirt keeps its process ids, which is where its socket is. */
  private static Path run() {
    String uri = GuestStand.variable("LAB_LIBVIRT_URI");
    return Path.of(uri.substring(uri.indexOf("socket=") + "socket=".length())).getParent();
  }

  private static void signal(String signal, Path file) {
    GuestStand.run(List.of("/bin/kill", "-" + signal, Long.toString(pid(file))), "");
  }

  private static long pid(Path file) {
    try {
      return Long.parseLong(Files.readString(file).strip().split(" ")[0]);
    } catch (IOException e) {
      throw new UncheckedIOException("Whose process id should be in it does not run.", e);
    }
  }
}
