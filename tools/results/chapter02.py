"""Chapter 02: the codes of the autoencoder."""

from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier

from store import SEEDS, experiment
from vaelab.judges import neighbour_accuracy
from vaelab.networks import load_autoencoder


@experiment
def autoencoder_codes(mnist):
    """Chapter 02: how far the codes spread, and how well the digit can be read from them, for three seeds."""
    result = {}
    for seed in SEEDS:
        encoder, _, autoencoder = load_autoencoder(seed)
        codes = encoder.predict(mnist.x_test, batch_size=1000, verbose=0)
        train_codes = encoder.predict(mnist.x_train, batch_size=1000, verbose=0)
        votes = KNeighborsClassifier(n_neighbors=10).fit(train_codes, mnist.y_train).predict(codes)
        result[seed] = {
            "test_mse": autoencoder.evaluate(mnist.x_test, mnist.x_test, batch_size=1000, verbose=0),
            "std": codes.std(axis=0).astype(float).round(2).tolist(),
            "low": codes.min(axis=0).astype(float).round(2).tolist(),
            "high": codes.max(axis=0).astype(float).round(2).tolist(),
            "accuracy": neighbour_accuracy(train_codes, mnist.y_train, codes, mnist.y_test),
            "read_as": confusion_matrix(mnist.y_test, votes, normalize="true").round(3).tolist(),
            "codes": codes[:1000].astype(float).round(1).tolist(),
        }
    return result
