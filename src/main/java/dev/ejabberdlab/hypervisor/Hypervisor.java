package dev.ejabberdlab.hypervisor;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * One libvirt host. Thread-safe. Every call may block on the host for a while and is therefore
 * never made from a reconcile; every call throws {@link HypervisorException.Unreachable} when the
 * host cannot be asked, and {@link HypervisorException} when it was asked and refused.
 *
 * <p>All changes are idempotent. A change to an object that exists without the given owner's mark
 * throws {@link HypervisorException.NameConflict} and leaves the object alone. Deleting what is not
 * there is success.
 */
public interface Hypervisor extends AutoCloseable {

  /** What the host says of itself, whichever it is: see {@link #expect}. */
  HostFacts facts();

  /** Every domain and network with an owner's mark, on whichever host it is. */
  List<MarkedObject> marked();

  /**
   * From now on only the host with this UUID is talked to: where another one answers, every call
   * but {@link #facts} and {@link #marked} throws {@link HypervisorException.OtherHost} and does
   * nothing. A host that tells no UUID is not told from others.
   */
  void expect(UUID host);

  /** Every network of the host, ours and foreign. */
  List<NetworkState> networks();

  /** One network, or empty when there is none with that UUID. */
  Optional<NetworkState> network(UUID uuid);

  /** Creates the network, or redefines it when it is ours and differs; does not start it. */
  void defineNetwork(NetworkDefinition network);

  /**
   * Starts the network, plugs guests in and marks it for autostart.
   *
   * @param guests the owner's domains that run already and have an interface in it
   */
  void startNetwork(UUID uuid, Owner owner, Set<UUID> guests);

  /** Starts a network that no running domain is in. */
  default void startNetwork(UUID uuid, Owner owner) {
    startNetwork(uuid, owner, Set.of());
  }

  /** Stops and undefines the network. */
  void deleteNetwork(UUID uuid, Owner owner);

  /** A storage pool, or empty when there is none of that name. */
  Optional<PoolState> pool(String name);

  /**
   * Every volume of a pool, after the pool was refreshed.
   *
   * @throws HypervisorException.NotFound when there is no such pool
   */
  List<VolumeState> volumes(String pool);

  /**
   * One volume, or empty when the pool has none of that name or only an incomplete one.
   *
   * @throws HypervisorException.NotFound when there is no such pool
   */
  Optional<VolumeState> volume(String pool, String name);

  /**
   * Creates a qcow2 overlay on a base volume of the same pool; an existing volume of that name is
   * kept as it is, unless making it was cut short. The owner's mark of a volume is its name:
   * callers derive it from the owner's UID.
   *
   * @param baseVolume a complete qcow2 image
   * @param capacityBytes virtual size; raised to the base's when smaller
   * @throws HypervisorException.NotFound when the pool or the base does not exist
   */
  void createOverlay(String pool, String name, String baseVolume, long capacityBytes);

  /**
   * Deletes a volume that no domain of the host uses, directly or as a backing file; what can be
   * known of that is asked right before. A domain whose definition cannot be read counts as using
   * it.
   *
   * @throws HypervisorException.InUse when a domain uses it
   */
  void deleteVolume(String pool, String name);

  /** Every domain of the host, ours and foreign. */
  List<DomainState> domains();

  /** One domain, or empty when there is none with that UUID. */
  Optional<DomainState> domain(UUID uuid);

  /**
   * Creates the domain, or redefines it when it is ours and differs; does not start it, nor may the
   * host by itself. One that others have put on another disk is left as it is.
   *
   * @throws HypervisorException.InUse when the domain has another disk
   */
  void defineDomain(DomainDefinition domain);

  /**
   * Boots the domain; a running one is left alone. Never resumes: a memory that libvirt keeps of it
   * is thrown away, and one that is paused is refused.
   */
  void startDomain(UUID uuid, Owner owner);

  /** Lets a paused domain go on, or wakes a suspended one; any other one is left alone. */
  void resumeDomain(UUID uuid, Owner owner);

  /** Asks the guest to shut down, by ACPI and by its agent; returns at once. */
  void shutdownDomain(UUID uuid, Owner owner);

  /**
   * Pulls the plug, throws away a memory that libvirt keeps of it, and returns when the domain is
   * confirmed off for good ({@link DomainState#isOffForGood}): a start by whomever would boot it,
   * and the host does not start it by itself.
   */
  void destroyDomain(UUID uuid, Owner owner);

  /**
   * Undefines the domain, which must be off, with its managed save, snapshot metadata, checkpoints
   * and NVRAM.
   */
  void undefineDomain(UUID uuid, Owner owner);

  /**
   * Sends one command to a guest's agent and returns its answer; commands to one domain go one
   * after the other.
   *
   * @param command a JSON object as the agent's protocol has it
   * @param timeout how long the agent may take, from 1 second
   * @throws HypervisorException.AgentUnavailable when the agent does not answer or answers with an
   *     error
   */
  String agentCommand(UUID uuid, String command, Duration timeout);

  /**
   * Calls the listener on every event until the returned handle is closed. The listener is called
   * on libvirt's event thread and must return at once.
   */
  AutoCloseable listen(Consumer<HypervisorEvent> listener);

  @Override
  void close();
}
