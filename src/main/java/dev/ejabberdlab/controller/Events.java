package dev.ejabberdlab.controller;

import dev.ejabberdlab.status.Transition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * Publishes Events in the background. The same Event again raises the count of the first, as
 * client-go's recorder does. An Event that cannot be written is logged and lost: it is news, not
 * state.
 */
@ApplicationScoped
public class Events implements EventRecorder {

  private static final Logger LOG = Logger.getLogger(Events.class);
  private static final String COMPONENT = "ejabberd-lab-operator";

  /** What Kubernetes allows. */
  private static final int MAX_NAME = 253;

  private static final int UUID_LENGTH = 36;

  private final KubernetesClient client;
  private final BackgroundThreads background;

  public Events(KubernetesClient client, BackgroundThreads background) {
    this.client = client;
    this.background = background;
  }

  @Override
  public void publish(HasMetadata about, List<Transition> transitions) {
    if (!transitions.isEmpty()) {
      background.executor().execute(() -> transitions.forEach(t -> publish(about, t)));
    }
  }

  private void publish(HasMetadata about, Transition transition) {
    try {
      String namespace =
          about.getMetadata().getNamespace() == null
              ? "default"
              : about.getMetadata().getNamespace();
      String name = name(about, transition);
      String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
      Event known = client.v1().events().inNamespace(namespace).withName(name).get();
      if (known == null) {
        client
            .v1()
            .events()
            .inNamespace(namespace)
            .resource(event(about, transition, namespace, name, now))
            .create();
      } else {
        Event again =
            new EventBuilder(known)
                .withCount(known.getCount() == null ? 2 : known.getCount() + 1)
                .withLastTimestamp(now)
                .build();
        client.v1().events().inNamespace(namespace).resource(again).update();
      }
    } catch (RuntimeException e) {
      LOG.warnf(
          "Event %s about %s was lost: %s",
          transition.reason(), about.getMetadata().getName(), e.getMessage());
    }
  }

  private static Event event(
      HasMetadata about, Transition transition, String namespace, String name, String now) {
    ObjectReference reference =
        new ObjectReferenceBuilder()
            .withApiVersion(about.getApiVersion())
            .withKind(about.getKind())
            .withName(about.getMetadata().getName())
            .withNamespace(about.getMetadata().getNamespace())
            .withUid(about.getMetadata().getUid())
            .build();
    return new EventBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace)
        .endMetadata()
        .withInvolvedObject(reference)
        .withType(transition.warning() ? "Warning" : "Normal")
        .withReason(transition.reason().name())
        .withMessage(transition.message())
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .withNewSource()
        .withComponent(COMPONENT)
        .endSource()
        .build();
  }

  private static String name(HasMetadata about, Transition transition) {
    String identity = about.getMetadata().getUid() + transition.reason() + transition.message();
    return ShortNames.of(about.getMetadata().getName(), MAX_NAME - 1 - UUID_LENGTH)
        + "."
        + UUID.nameUUIDFromBytes(identity.getBytes(StandardCharsets.UTF_8));
  }
}
