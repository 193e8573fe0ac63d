package dev.ejabberdlab.api.v1alpha1;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/** Changes of resources as {@code kubectl edit} makes them. */
public final class Changes {

  private Changes() {}

  /** Changes a resource; made again when the operator has written its status meanwhile. */
  public static <T> T edit(Resource<T> resource, UnaryOperator<T> change) {
    return Awaitility.await("nobody else has written meanwhile")
        .pollDelay(Duration.ZERO)
        .atMost(Duration.ofMinutes(1))
        .ignoreExceptionsMatching(
            e ->
                e instanceof KubernetesClientException c
                    && c.getCode() == HttpURLConnection.HTTP_CONFLICT)
        .until(() -> resource.edit(change), done -> true);
  }
}
