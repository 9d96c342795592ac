public import Corpora
public import Encoders
internal import Files
internal import LowRank
public import ModelFiles
internal import VectorMath

/// Trains a LoRA adapter for a text encoder on tuples of texts.
///
/// A run is a function of settings, base model and data: it gives the same adapter, bit for bit, whatever the number of
/// threads, whatever the memory budget, and whether or not it was interrupted and resumed on the way. (Other
/// instruction sets round otherwise; the record of a run names the one that computed it.)
///
/// ```swift
/// let trainer = try Trainer(model: ModelFolder(path: "all-MiniLM-L6-v2"), tuples: tuples, settings: settings)
/// let result = try trainer.train(into: "runs/first")
/// ```
public struct Trainer {
    /// How the base model is to be named in what is written: `base_model_name_or_path` of the adapter.
    public let baseName: String
    /// How the data is to be named in what is written.
    public let dataName: String
    /// The settings of the run.
    public let settings: TrainingSettings
    /// The loss that is made small.
    public let loss: any EmbeddingLoss

    let encoder: TextEncoder
    let data: TokenizedTuples
    /// What decides the bits of the result, but for the evaluator's metric.
    let identity: RunIdentity

    /// Reads the model, checks the settings against it and tokenizes the data once.
    ///
    /// - Parameters:
    ///   - model: the base model.
    ///   - baseName: how the user named it; nil for the folder's own name.
    ///   - tuples: what to train on, at least two.
    ///   - dataName: how the user named the data.
    ///   - loss: the loss; nil for ``MultipleNegativesRankingLoss`` with the scale of the settings.
    public init(
        model: ModelFolder, baseName: String? = nil, tuples: [TrainingTuple], dataName: String = "tuples",
        settings: TrainingSettings = TrainingSettings(), loss: (any EmbeddingLoss)? = nil
    ) throws(TrainingError) {
        try settings.validate()
        guard tuples.count >= 2 else { throw .tooFewTuples(found: tuples.count) }
        fatalError()
    }
}
