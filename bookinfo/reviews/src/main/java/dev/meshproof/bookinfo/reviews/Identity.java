package dev.meshproof.bookinfo.reviews;

import io.helidon.http.Header;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerResponse;

import java.util.List;
import java.util.Map;

/**
 * Who this instance is. As a filter it signs every reply, so that a caller can tell which pod answered.
 *
 * @param pod      name of the pod
 * @param workload name of the Deployment, for example reviews-v2
 * @param version  version of the service, for example v2
 * @param cluster  name of the cluster, or the text "null" as the tutorials show it
 */
record Identity(String pod, String workload, String version, String cluster) implements Filter {

    static Identity from(Map<String, String> env) {
        var version = env.getOrDefault("SERVICE_VERSION", "v1");
        return new Identity(
                env.getOrDefault("POD_NAME", env.getOrDefault("HOSTNAME", "unknown")),
                env.getOrDefault("SERVICE_WORKLOAD", "reviews-" + version),
                version,
                env.getOrDefault("CLUSTER_NAME", "null"));
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest req, RoutingResponse res) {
        sign(res);
        chain.proceed();
    }

    void sign(ServerResponse res) {
        headers().forEach(res::header);
    }

    /** The signature itself. */
    List<Header> headers() {
        return List.of(
                HeaderValues.create("x-served-by", pod),
                HeaderValues.create("x-served-workload", workload),
                HeaderValues.create("x-served-version", version));
    }
}
