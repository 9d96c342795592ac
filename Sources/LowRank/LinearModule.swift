/// The name and shape of a linear layer that an adapter can sit on.
public struct LinearModule: Hashable, Sendable {
    /// The path of the layer in the model, such as `encoder.layer.0.attention.self.query`.
    public let name: String
    /// Columns of the weight `[out, in]`.
    public let inputWidth: Int
    /// Rows of the weight `[out, in]`.
    public let outputWidth: Int

    public init(name: String, inputWidth: Int, outputWidth: Int) {
        self.name = name
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
    }
}
