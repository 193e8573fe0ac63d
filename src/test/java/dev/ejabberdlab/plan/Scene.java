package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.EPOCH;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * What was seen of a host and of the reference lab on it, told step by step. Begins with a host
 * that answers, has the image, and knows nothing of the lab.
 */
public final class Scene {

  /** What is done next where nothing is. */
  static final String NOTHING = "nothing";

  public static final String POOL = "default";
  public static final ImageVolumes IMAGE_VOLUMES =
      new ImageVolumes(
          LabFixture.IMAGE + "-0123456789ab.qcow2",
          Optional.of(new DirectBoot("image.vmlinuz", "image.initrd")));
  public static final Owner STRANGER = new Owner(new UUID(0, 1), "other", "lab");

  static final HostFacts FACTS = new HostFacts("host1", true, "9.0.0", 1L << 34, 2);

  private final LabTopology lab;
  private final Map<String, Seen<NetworkState>> networks = new LinkedHashMap<>();
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private final Work work = new Work();
  private List<Step> steps = LabFixture.steps();
  private HostSnapshot host = new HostSnapshot(Seen.of(FACTS), List.of(), NOW);
  private Seen<ImageVolumes> image = Seen.of(IMAGE_VOLUMES);
  private Seen<Remains> surplus = Seen.of(new Remains(List.of(), List.of(), List.of()));
  private Virtualization virtualization = Virtualization.qemu;
  private String pool = POOL;
  private Primacy primacy = Primacy.of("psql1server");
  private boolean clustered;
  private String epoch = EPOCH;
  private Instant now = NOW;

  private Scene(LabTopology lab) {
    this.lab = lab;
  }

  /** Nothing of the lab exists. */
  public static Scene untouched() {
    return of(LabFixture.lab());
  }

  public static Scene of(LabTopology lab) {
    Scene scene = new Scene(lab);
    lab.networks().forEach(n -> scene.networks.put(n.name(), Seen.missing("")));
    lab.nodes().forEach(n -> scene.machines.put(n.name(), missing()));
    return scene;
  }

  /** Networks are active; every machine runs and its guest reports, but no step was done yet. */
  public static Scene up() {
    Scene scene = untouched();
    scene.lab.networks().forEach(n -> scene.network(n.name(), scene.active(n.name())));
    scene.lab.nodes().forEach(n -> scene.reports(n.name(), LabFixture.report()));
    return scene;
  }

  /** Every step is done and every service is as it should be. */
  public static Scene ready() {
    return ready(LabFixture.lab());
  }

  /** The same of a lab with the reference lab's nodes. */
  public static Scene ready(LabTopology lab) {
    Scene scene = of(lab);
    scene.lab.networks().forEach(n -> scene.network(n.name(), scene.active(n.name())));
    scene.lab.nodes().forEach(n -> scene.reports(n.name(), LabFixture.report()));
    scene.lab.nodes().forEach(n -> scene.reports(n.name(), scene.allDone(n.name())));
    scene.postgresql("psql1server", LabFixture.primary(LabFixture.sender("streaming", 0)));
    scene.postgresql("psql2server", LabFixture.standby());
    scene.ejabberd("e1server", LabFixture.ejabberd("e1server", "e2server"));
    scene.ejabberd("e2server", LabFixture.ejabberd("e1server", "e2server"));
    return scene;
  }

  public LabTopology lab() {
    return lab;
  }

  public Node node(String name) {
    return lab.node(name);
  }

  /** What the host may have of the lab. */
  public HostObjects objects() {
    return new HostObjects(lab, virtualization);
  }

  // The host

  public Scene unreachable() {
    host = new HostSnapshot(Seen.unknown("cannot connect"), List.of(), host.lastContact());
    return this;
  }

  public Scene neverReached() {
    host = new HostSnapshot(Seen.unknown("connection refused"), List.of(), null);
    return this;
  }

  public Scene notAsked() {
    host = HostSnapshot.NOT_ASKED;
    return this;
  }

  public Scene image(Seen<ImageVolumes> seen) {
    image = seen;
    return this;
  }

  /** What the host has with the lab's mark, and the lab shall not have. */
  public Scene surplus(Seen<Remains> seen) {
    surplus = seen;
    return this;
  }

  public Scene virtualization(Virtualization wanted) {
    virtualization = wanted;
    return this;
  }

  public Scene pool(String name) {
    pool = name;
    return this;
  }

  // Networks

  public Scene network(String name, Seen<NetworkState> seen) {
    networks.put(name, seen);
    return this;
  }

  public Seen<NetworkState> active(String name) {
    return objects().network(name, true);
  }

  public Seen<NetworkState> inactive(String name) {
    return objects().network(name, false);
  }

  // Machines

  public Scene machine(String node, UnaryOperator<Machine> change) {
    machines.compute(node, (name, machine) -> change.apply(machine));
    return this;
  }

  private static Machine missing() {
    return new Machine(
        Seen.missing(""), Seen.missing(""), Seen.unknown("It does not run."), null, null);
  }

  public Scene volume(String node, Seen<VolumeState> volume) {
    return machine(node, m -> with(volume, m));
  }

  public Scene domain(String node, Seen<DomainState> domain) {
    return machine(
        node,
        m -> {
          boolean agent = domain.is(DomainState::agentConnected);
          boolean running = domain.is(d -> d.power() == Power.RUNNING);
          return new Machine(
              m.volume(),
              domain,
              agent ? m.guest() : Seen.unknown("The guest agent is not connected."),
              agent ? m.reportedAt() : null,
              running && !(agent && m.guest().isPresent()) ? now : null);
        });
  }

  /** This is true of its domain; all else stays. */
  public Scene trait(String node, DomainState.Trait... traits) {
    return changed(node, domain -> HostObjects.with(Set.of(traits), domain));
  }

  /** Its definition is another than the lab's; all else stays. */
  public Scene defined(String node, UnaryOperator<DomainDefinition> change) {
    return changed(node, domain -> HostObjects.with(change, domain));
  }

  /** Somebody has put the machine on another disk, and its own is where it was. */
  public Scene onDisk(String node, String file) {
    return machine(node, m -> with(m.volume().map(HostObjects::withPath), m))
        .changed(node, domain -> HostObjects.with(new Disks(Set.of(file), Set.of(file)), domain));
  }

  private Scene changed(String node, UnaryOperator<DomainState> change) {
    return machine(
        node,
        m ->
            new Machine(
                m.volume(), m.domain().map(change), m.guest(), m.reportedAt(), m.silentSince()));
  }

  private static Machine with(Seen<VolumeState> volume, Machine m) {
    return new Machine(volume, m.domain(), m.guest(), m.reportedAt(), m.silentSince());
  }

  /** Another host answers in the place of the lab's. */
  public Scene otherHost() {
    host =
        new HostSnapshot(
                Seen.of(
                    new HostFacts(
                        "host2", true, "9.0.0", 1L << 34, 2, Optional.of(new UUID(0, 2)))),
                List.of(),
                NOW)
            .seenBy(lab.uid(), new UUID(0, 1).toString());
    return this;
  }

  public Seen<VolumeState> disk(String node) {
    return objects().disk(node);
  }

  public Seen<DomainState> domain(String node, Power power, boolean agent) {
    return objects().domain(node, power, agent);
  }

  /** It has a disk and a domain in that state, without an agent. */
  public Scene power(String node, Power power) {
    return volume(node, disk(node)).domain(node, domain(node, power, false));
  }

  /** It runs without an answer from its agent. */
  public Scene silent(String node, Duration since) {
    return power(node, Power.RUNNING)
        .machine(node, m -> new Machine(m.volume(), m.domain(), m.guest(), null, now.minus(since)));
  }

  /** The same of a guest that had answered before. */
  public Scene silenced(String node, Duration since) {
    return silent(node, since)
        .remembered(node, p -> new LabSnapshot.Past(true, "boot-1", Optional.empty(), null, false));
  }

  /** Its guest has last told at that time. */
  public Scene heardAt(String node, Instant at) {
    return machine(
        node, m -> new Machine(m.volume(), m.domain(), m.guest(), at, m.silentSince(), m.past()));
  }

  /** Something else is remembered of it. */
  public Scene remembered(String node, UnaryOperator<LabSnapshot.Past> change) {
    return machine(
        node,
        m ->
            new Machine(
                m.volume(),
                m.domain(),
                m.guest(),
                m.reportedAt(),
                m.silentSince(),
                change.apply(m.past())));
  }

  /** Its agent's channel is open, but the guest does not say anything. */
  public Scene mute(String node, String why, Duration since) {
    return volume(node, disk(node))
        .domain(node, domain(node, Power.RUNNING, true))
        .machine(
            node,
            m -> new Machine(m.volume(), m.domain(), Seen.unknown(why), null, now.minus(since)));
  }

  /** It runs and its guest says this, at this moment. */
  public Scene reports(String node, GuestReport report) {
    return reports(node, report, Duration.ZERO);
  }

  public Scene reports(String node, GuestReport report, Duration ago) {
    return volume(node, disk(node))
        .domain(node, domain(node, Power.RUNNING, true))
        .machine(
            node, m -> new Machine(m.volume(), m.domain(), Seen.of(report), now.minus(ago), null));
  }

  /** What its guest says of its steps; its services stay. */
  public Scene steps(String node, StepState... states) {
    GuestReport before = machines.get(node).guest().value();
    return reports(
        node,
        new GuestReport(
            before.bootId(),
            LabFixture.report(states).steps(),
            before.postgresql(),
            before.ejabberd(),
            before.term()));
  }

  /** Its guest has obeyed a decision who is primary. */
  public Scene obeyed(String node, long term, String primary) {
    GuestReport before = machines.get(node).guest().value();
    return reports(
        node,
        new GuestReport(
            before.bootId(),
            before.steps(),
            before.postgresql(),
            before.ejabberd(),
            new GuestReport.Term(term, primary)));
  }

  /** A step of the node lacks something. */
  public Scene lacking(String node, String step, Step.Obstacle obstacle) {
    steps =
        steps.stream()
            .map(
                s ->
                    s.node().equals(node) && s.name().equals(step)
                        ? s.lacking(List.of(obstacle))
                        : s)
            .toList();
    return this;
  }

  public Scene postgresql(String node, GuestReport.Postgresql postgresql) {
    return reports(node, LabFixture.with(machines.get(node).guest().value(), postgresql));
  }

  public Scene ejabberd(String node, GuestReport.Ejabberd ejabberd) {
    return reports(node, LabFixture.with(machines.get(node).guest().value(), ejabberd));
  }

  public GuestReport allDone(String node) {
    return LabFixture.report(
        steps.stream()
            .filter(s -> s.node().equals(node))
            .map(s -> LabFixture.done(s.name()))
            .toArray(StepState[]::new));
  }

  // Steps, progress and time

  public Scene wants(List<Step> wanted) {
    steps = wanted;
    return this;
  }

  public Scene inFlight(Key key) {
    work.inFlight(key);
    return this;
  }

  public Scene failed(Action action, int count, Duration ago) {
    work.failed(action, "Libvirt said no.", false, count, now.minus(ago));
    return this;
  }

  public Scene conflict(Action action) {
    work.failed(action, "It belongs to somebody else.", true, 1, now);
    return this;
  }

  public Scene ended(Action action, Duration ago) {
    return ended(action, ago, ago);
  }

  public Scene ended(Action action, Duration begunAgo, Duration ago) {
    work.ended(action, now.minus(begunAgo), now.minus(ago));
    return this;
  }

  public Scene cutOff(Action action, Duration ago) {
    work.cutOff(action, now.minus(ago));
    return this;
  }

  /** Who is to be primary, and how it comes to that. */
  public Scene primacy(Primacy decided) {
    primacy = decided;
    return this;
  }

  /** Its cluster was seen before. */
  public Scene clustered() {
    clustered = true;
    return this;
  }

  public Scene epoch(String value) {
    epoch = value;
    return this;
  }

  public Scene at(Instant time) {
    now = time;
    return this;
  }

  // What follows

  public HostSnapshot host() {
    return host;
  }

  public LabSnapshot snapshot() {
    return new LabSnapshot(image, Map.copyOf(networks), Map.copyOf(machines), surplus);
  }

  public Progress progress() {
    return work.progress();
  }

  public List<Step> steps() {
    return steps;
  }

  public Instant now() {
    return now;
  }

  public PlanInput input() {
    return input(progress());
  }

  /** The same with other work under way. */
  public PlanInput input(Progress other) {
    return PlanInput.builder()
        .lab(lab)
        .primacy(primacy)
        .clustered(clustered)
        .steps(steps)
        .pool(pool)
        .virtualization(virtualization)
        .host(host)
        .snapshot(snapshot())
        .progress(other)
        .epoch(epoch)
        .now(now)
        .build();
  }

  public Plan plan() {
    return Planner.plan(input());
  }

  /** The actions of the plan for a node or network; turning a node off is one for the node. */
  public List<Action> actions(Key key) {
    return plan().actions().stream()
        .filter(a -> a.key().equals(key) || a.key().equals(key.power()))
        .toList();
  }

  static Key machineKey(String node) {
    return new Key.Machine(node);
  }

  /** The first word of what is done next about a node or network. */
  static String next(Scene scene, Key key) {
    List<Action> actions = scene.actions(key);
    assertThat(actions).hasSizeLessThanOrEqualTo(1);
    return actions.isEmpty() ? NOTHING : actions.get(0).getClass().getSimpleName();
  }
}
