internal import Corpora
internal import Encoders
public import Files
public import VectorIndex
internal import VectorMath

/// A corpus as an encoder sees it: made once, and searched for every split.
public struct DocumentVectors: Sendable {
    /// The documents' ids, in the order of the corpus; a vector's id in `index` is the place of its document here.
    public let ids: [String]
    public let index: ExactSnapshot

    /// What the vectors live in.
    public let space: SpaceIdentity

    /// Encodes documents: title, a space and text, as BEIR joins them.
    ///
    /// - Parameter progress: Called with the number of documents done and of all.
    /// - Complexity: Two copies of the vectors are in memory while they are made.
    init(
        _ passages: [Passage], encoder: some TextEmbedding, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EvaluationError) {
        ids = passages.map(\.id)
        space = encoder.space
        let vectors: Matrix<Float>
        do throws(EncodersError) {
            vectors = try encoder.encodeDocuments(
                passages.map(\.embeddedText), maxLength: maxLength, progress: progress)
        } catch { throw .encoder(error) }
        do throws(VectorIndexError) {
            let index = ExactIndex(dimension: vectors.columns, metric: .cosine)
            try index.add(ids: (0..<UInt64(ids.count)).map { $0 }, vectors: vectors.view)
            try index.commit()
            self.index = index.snapshot()
        } catch { throw .index(error) }
    }
}
