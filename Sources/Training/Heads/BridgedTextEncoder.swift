public import Encoders
public import Evaluation
public import Files
public import VectorMath

/// Queries of one encoder, mapped across a bridge, and documents of the encoder before it.
public struct BridgedTextEncoder: TextEmbedding {
    /// Embeds queries, with a head into the space of `documents`.
    public let queries: TextEncoder
    /// Embeds documents.
    public let documents: CachingTextEncoder

    /// Joins the two.
    ///
    /// - Throws: `headSpace` where the bridge leads elsewhere.
    public init(queries: TextEncoder, documents: CachingTextEncoder) throws(EncodersError) {
        guard queries.space == documents.space else {
            throw .headSpace(head: queries.space, encoder: documents.space)
        }
        (self.queries, self.documents) = (queries, documents)
    }

    public var space: SpaceIdentity { documents.space }

    public func encode(
        _ texts: [String], prompt: String?, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try documents.encode(texts, prompt: prompt, maxLength: maxLength, progress: progress)
    }

    public func encodeQueries(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try queries.encodeQueries(texts, maxLength: maxLength, progress: progress)
    }

    public func encodeDocuments(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        try documents.encodeDocuments(texts, maxLength: maxLength, progress: progress)
    }
}
