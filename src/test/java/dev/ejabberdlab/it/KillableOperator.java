package dev.ejabberdlab.it;

import dev.ejabberdlab.controller.OperatorInstance;
import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.it.KillPoint.When;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * An operator of the test's own and its only ways to the world: its connections to hosts, to guests
 * and to the API server. Once they are cut the operator is as dead as after {@code kill -9}:
 * whatever its threads still try has no effect, and whatever it remembers nobody will learn.
 */
final class KillableOperator implements AutoCloseable {

  /** What threads of a dead operator are called; nobody minds what they log. */
  static final String DEAD = "killed-operator";

  private final StepRunner runner = new TransientStepRunner(Clock.systemUTC());
  private final ThreadLocal<String> step = new ThreadLocal<>();
  private final List<String> actions = new ArrayList<>();
  private final ReadWriteLock underWay = new ReentrantReadWriteLock();
  private final CountDownLatch dead = new CountDownLatch(1);
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final KubernetesClient client;
  private final OperatorInstance operator;
  private KillPoint cut;
  private volatile boolean severed;

  /** Starts an operator that looks after a stand. */
  KillableOperator(ApiStand stand) {
    client =
        new KubernetesClientBuilder()
            .withConfig(
                Config.fromKubeconfig(
                    new File(OperatorProfile.variable("LAB_OPERATOR_KUBECONFIG"))))
            .withHttpClientBuilderConsumer(
                builder -> builder.addOrReplaceInterceptor("tether", new Requests()))
            .build();
    ExecutorService reconciles =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task);
              thread.setDaemon(true);
              threads.add(thread);
              return thread;
            });
    operator =
        new OperatorInstance(
            client,
            uri -> connection(SimulatedHosts.host(uri)),
            new Steps(),
            reconciles,
            stand.namespace(),
            stand.hostSelector());
  }

  /**
   * Begins to write down actions.
   *
   * @param at where to kill the operator; null for nowhere
   */
  synchronized void arm(KillPoint at) {
    actions.clear();
    cut = at;
  }

  /** What was done since it was armed, in order. */
  synchronized List<String> actions() {
    return List.copyOf(actions);
  }

  /** Waits until the operator was killed where it was armed to be, and buries it. */
  void awaitDeath() {
    Awaitility.await("the operator is killed " + cut)
        .atMost(ApiStand.PATIENCE)
        .pollInterval(ApiStand.POLL)
        .until(() -> dead.getCount() == 0);
    bury();
  }

  /** Kills the operator now, wherever it is. */
  void kill() {
    sever();
    bury();
  }

  /** What was sent has arrived when nothing is under way any more. */
  private void bury() {
    underWay.writeLock().lock();
    underWay.writeLock().unlock();
    close();
  }

  @Override
  public void close() {
    operator.close();
    client.close();
  }

  private void sever() {
    severed = true;
    threads.forEach(KillableOperator::name);
    dead.countDown();
  }

  /**
   * Kills the operator if this is where.
   *
   * @return whether it is alive
   */
  private synchronized boolean reach(When when, String action) {
    int time = (int) actions.stream().filter(action::equals).count();
    if (!severed
        && cut != null
        && cut.equals(new KillPoint(when, action, when == When.BEFORE ? time + 1 : time))) {
      sever();
    }
    if (!severed && when == When.BEFORE) {
      actions.add(action);
    }
    return !severed;
  }

  private static void require(boolean alive) {
    if (!alive) {
      name(Thread.currentThread());
      throw new Unreachable("the operator was killed", null);
    }
  }

  /** Vert.x' own threads serve every operator. */
  private static void name(Thread thread) {
    if (!thread.getName().startsWith("vert.x")) {
      thread.setName(DEAD);
    }
  }

  private Hypervisor connection(SimulatedHost host) {
    host.opened();
    return (Hypervisor)
        Proxy.newProxyInstance(
            Hypervisor.class.getClassLoader(),
            new Class<?>[] {Hypervisor.class},
            (proxy, method, arguments) -> call(host, method, arguments));
  }

  private Object call(SimulatedHost host, Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("close") || method.getName().equals("listen")) {
      return invoke(host, method, arguments);
    }
    underWay.readLock().lock();
    try {
      require(!severed);
      if (method.getName().equals("agentCommand")) {
        Object answer = invoke(host, method, arguments);
        if (step.get() != null
            && ((String) arguments[1]).startsWith("{\"execute\":\"guest-exec\",")) {
          require(reach(When.DURING, step.get()));
        }
        return answer;
      }
      if (method.getReturnType() != void.class) {
        return invoke(host, method, arguments);
      }
      String action = method.getName() + " " + ApiStand.withoutPrefix(name(host, arguments));
      require(reach(When.BEFORE, action));
      Object nothing = invoke(host, method, arguments);
      require(reach(When.AFTER, action));
      return nothing;
    } finally {
      underWay.readLock().unlock();
    }
  }

  /** Of what a change is about. */
  private static String name(SimulatedHost host, Object... arguments) {
    if (arguments[0] instanceof DomainDefinition domain) {
      return domain.name();
    } else if (arguments[0] instanceof NetworkDefinition network) {
      return network.name();
    } else if (arguments[0] instanceof UUID uuid) {
      return host.nameOf(uuid);
    }
    // Behind the pool's.
    return (String) arguments[1];
  }

  private static Object invoke(SimulatedHost host, Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(host, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** Steps, each an action of its own. */
  private final class Steps implements StepRunner {

    @Override
    public void setClock(GuestChannel guest) {
      runner.setClock(guest);
    }

    @Override
    public GuestReport run(GuestChannel guest, Step what, String epoch, Duration wait) {
      GuestReport report;
      String action = "step %s on %s".formatted(what.name(), what.node());
      require(reach(When.BEFORE, action));
      step.set(action);
      try {
        report = runner.run(guest, what, epoch, wait);
      } finally {
        step.remove();
        if (severed) {
          name(Thread.currentThread());
        }
      }
      require(reach(When.AFTER, action));
      return report;
    }

    @Override
    public GuestReport report(GuestChannel guest) {
      return runner.report(guest);
    }
  }

  /**
   * Requests to the API server: none leaves a dead operator. What makes, changes and removes its
   * objects is an action; its news, Events and the status, is not.
   */
  private final class Requests implements Interceptor {

    private static final Pattern OBJECT =
        Pattern.compile(".*/namespaces/[^/]+/((?!events)[^/]+(?:/[^/]+)?)");

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      boolean alive = action(request).map(a -> reach(When.BEFORE, a)).orElse(!severed);
      if (!alive) {
        name(Thread.currentThread());
        throw new KubernetesClientException("The operator was killed.");
      }
    }

    @Override
    public void after(
        HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> body) {
      action(request).ifPresent(a -> reach(When.AFTER, a));
    }

    private Optional<String> action(HttpRequest request) {
      Matcher object = OBJECT.matcher(request.uri().getPath());
      return request.method().equals("GET") || !object.matches()
          ? Optional.empty()
          : Optional.of(request.method() + " " + object.group(1));
    }
  }
}
