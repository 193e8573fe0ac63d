package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Everything on a host that is a lab's, whatever its spec says now. In the order of names: a pool
 * lists its volumes as its file system has them, and the same things are told in the same words.
 *
 * @param domains with the lab's owner mark
 * @param networks with the lab's owner mark
 * @param volumes names of the lab's disks: those that the record names, and those that a marked
 *     domain was made with. Volumes have no mark, and a name that looks like the lab's proves
 *     nothing: snapshots, clones and copies are named after the disk that they are made from
 * @param unseen why the volumes could not be listed; empty when they were
 * @param users names of the domains, whoever they belong to, that use one of these volumes, by
 *     volume
 * @param strangers volumes that begin with the lab's prefix and are not its disks: somebody else
 *     has made them
 */
public record Remains(
    List<DomainState> domains,
    List<NetworkState> networks,
    List<String> volumes,
    Optional<String> unseen,
    Map<String, Set<String>> users,
    List<String> strangers) {

  public Remains(
      List<DomainState> domains,
      List<NetworkState> networks,
      List<String> volumes,
      Optional<String> unseen) {
    this(domains, networks, volumes, unseen, Map.of(), List.of());
  }

  public Remains(List<DomainState> domains, List<NetworkState> networks, List<String> volumes) {
    this(domains, networks, volumes, Optional.empty());
  }

  /**
   * Searches a host. A storage pool that cannot be searched hides nothing but its volumes, and one
   * that does not exist hides them too: it may come back.
   *
   * @param pool storage pool of the lab
   * @param volumePrefix with which the names of the lab's volumes begin
   * @param recorded names of the lab's disks that are known from elsewhere
   */
  public static Seen<Remains> of(
      Hypervisor hypervisor, UUID owner, String pool, String volumePrefix, Set<String> recorded) {
    Seen<List<VolumeState>> volumes =
        Question.ask(
            "Pool %s on %s, for lab %s".formatted(pool, hypervisor, owner),
            () -> hypervisor.volumes(pool));
    return volumes.isPresent()
        ? of(hypervisor, owner, pool, volumes.value(), volumePrefix, recorded)
        : of(hypervisor, owner, pool, List.of(), volumePrefix, recorded)
            .map(
                r -> new Remains(r.domains(), r.networks(), List.of(), Optional.of(volumes.why())));
  }

  /** The same of a host whose volumes are known. */
  static Seen<Remains> of(
      Hypervisor hypervisor,
      UUID owner,
      String pool,
      List<VolumeState> volumes,
      String volumePrefix,
      Set<String> recorded) {
    return Question.ask(
        "What lab %s has on %s".formatted(owner, hypervisor),
        () -> {
          List<DomainState> all = hypervisor.domains();
          List<DomainState> domains =
              all.stream()
                  .filter(d -> d.belongsTo(owner))
                  .sorted(Comparator.comparing(DomainState::name))
                  .toList();
          Set<String> disks = new TreeSet<>(recorded);
          domains.stream().map(Remains::ownDisk).forEach(disks::add);
          List<String> names = volumes.stream().map(VolumeState::name).sorted().toList();
          List<String> ours = names.stream().filter(disks::contains).toList();
          Map<String, Set<String>> users = new TreeMap<>(users(all, pool, volumes));
          users.keySet().retainAll(ours);
          return new Remains(
              domains,
              hypervisor.networks().stream()
                  .filter(n -> n.owner().filter(o -> o.uid().equals(owner)).isPresent())
                  .sorted(Comparator.comparing(NetworkState::name))
                  .toList(),
              ours,
              Optional.empty(),
              users,
              names.stream()
                  .filter(name -> name.startsWith(volumePrefix) && !disks.contains(name))
                  .toList());
        });
  }

  /** The disk that a domain was made with. */
  static String ownDisk(DomainState domain) {
    return domain.name() + ".qcow2";
  }

  /** Which domains use which volumes of a pool, directly or as backing files. */
  private static Map<String, Set<String>> users(
      List<DomainState> domains, String pool, List<VolumeState> volumes) {
    Map<String, Set<String>> users = new TreeMap<>();
    for (DomainState domain : domains) {
      Set<String> files = new TreeSet<>(domain.disks().files());
      boolean more = !files.isEmpty();
      while (more) {
        more = false;
        for (VolumeState volume : volumes) {
          if (files.stream().anyMatch(f -> isSame(f, pool, volume))
              && users.computeIfAbsent(volume.name(), v -> new TreeSet<>()).add(domain.name())) {
            volume.backing().ifPresent(files::add);
            more = true;
          }
        }
      }
    }
    return users;
  }

  /** The same file may have several paths. */
  private static boolean isSame(String file, String pool, VolumeState volume) {
    return file.equals(volume.path())
        || file.equals(pool + "/" + volume.name())
        || file.endsWith("/" + volume.name());
  }

  public boolean isEmpty() {
    return domains.isEmpty() && networks.isEmpty() && volumes.isEmpty() && unseen.isEmpty();
  }

  /** Whether any domain uses the volume. */
  public boolean isUsed(String volume) {
    return users.containsKey(volume);
  }

  /** Names of the domains that use a volume and do not go with the lab; empty when none does. */
  public Set<String> otherUsers(String volume) {
    Set<String> others = new TreeSet<>(users.getOrDefault(volume, Set.of()));
    domains.forEach(d -> others.remove(d.name()));
    return others;
  }

  /** What is left when everything that a lab shall have is taken out. */
  Remains without(LabTopology lab) {
    Set<UUID> wanted =
        Stream.concat(
                lab.nodes().stream().map(Node::uuid),
                lab.networks().stream().map(LabTopology.Network::uuid))
            .collect(Collectors.toSet());
    Set<String> disks = lab.nodes().stream().map(Node::volume).collect(Collectors.toSet());
    return new Remains(
        domains.stream().filter(d -> !wanted.contains(d.uuid())).toList(),
        networks.stream().filter(n -> !wanted.contains(n.uuid())).toList(),
        volumes.stream().filter(v -> !disks.contains(v)).toList(),
        unseen,
        users,
        strangers);
  }
}
