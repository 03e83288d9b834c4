"""What single chapters do once: one module a chapter, named by it."""
