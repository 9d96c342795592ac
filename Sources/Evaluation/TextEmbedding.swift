public import Encoders
public import Files
public import VectorMath

/// What turns texts into vectors: `TextEncoder`, or whatever an evaluation is to look at in its place.
///
/// Vectors are `[B, D]`, a row a text, in the order of the texts.
public protocol TextEmbedding: Sendable {
    /// What the document vectors live in and the query vectors map into.
    var space: SpaceIdentity { get }

    /// Vectors of texts that are neither queries nor documents, with the default prompt.
    func encode(
        _ texts: [String], prompt: String?, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float>

    /// Vectors of queries.
    func encodeQueries(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float>

    /// Vectors of documents.
    func encodeDocuments(
        _ texts: [String], maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float>
}

extension TextEncoder: TextEmbedding {}
