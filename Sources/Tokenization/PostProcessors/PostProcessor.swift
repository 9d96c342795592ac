/// The templates of a post-processor.
///
/// TemplateProcessing and BertProcessing are no more than that; so is RobertaProcessing, but for offsets.
struct PostProcessor: Equatable, Sendable {
    let single: Template
    let pair: Template

    /// Adds nothing.
    static let none = PostProcessor(single: .single, pair: .pair)
}
