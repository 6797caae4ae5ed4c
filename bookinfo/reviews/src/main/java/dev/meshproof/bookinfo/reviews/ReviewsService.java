package dev.meshproof.bookinfo.reviews;

import dev.meshproof.bookinfo.reviews.Catalogue.Review;

import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

import jakarta.json.Json;
import jakarta.json.JsonObject;

import java.util.List;

/** {@code GET /reviews/{id}}: what readers wrote about a book and, from v2 on, how many stars they gave. */
final class ReviewsService implements HttpService {

    private final Settings settings;
    private final RatingsClient ratings;

    ReviewsService(Settings settings, RatingsClient ratings) {
        this.settings = settings;
        this.ratings = ratings;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/{id}", this::reviews);
    }

    private void reviews(ServerRequest req, ServerResponse res) {
        var id = req.path().pathParameters().get("id");
        if (!id.matches("\\d{1,9}")) {
            Replies.error(res, 400, "please provide a product number, not " + id);
            return;
        }
        var product = Integer.parseInt(id);
        Catalogue.reviewsOf(product).ifPresentOrElse(
                reviews -> Replies.json(res, body(id, reviews, ask(product, req))),
                () -> Replies.error(res, 404, "no product " + id));
    }

    private Ratings ask(int product, ServerRequest req) {
        return settings.stars() == Stars.NONE
                ? new Ratings.NotAsked()
                : ratings.of(product, Forwarded.from(req.headers()));
    }

    private JsonObject body(String id, List<Review> reviews, Ratings known) {
        var list = Json.createArrayBuilder();
        for (var review : reviews) {
            list.add(entry(review, known));
        }
        var body = Json.createObjectBuilder()
                .add("id", id)
                .add("podname", settings.identity().pod())
                .add("clustername", settings.identity().cluster())
                .add("reviews", list);
        if (known instanceof Ratings.Known(var ignored, var pod, var version)) {
            // Beyond the tutorials' shape: lets the page say which pod gave the stars.
            body.add("ratings", Json.createObjectBuilder().add("podname", pod).add("version", version));
        }
        return body.build();
    }

    private JsonObject entry(Review review, Ratings known) {
        var entry = Json.createObjectBuilder()
                .add("reviewer", review.reviewer())
                .add("text", review.text());
        switch (known) {
            case Ratings.NotAsked() -> { }
            case Ratings.Unavailable() -> entry.add("rating", Json.createObjectBuilder()
                    .add("error", "Ratings service is currently unavailable"));
            case Ratings.Known(var stars, var pod, var version) -> {
                if (stars.containsKey(review.reviewer())) {
                    entry.add("rating", Json.createObjectBuilder()
                            .add("stars", stars.get(review.reviewer()))
                            .add("color", settings.stars().colour()));
                }
            }
        }
        return entry.build();
    }
}
