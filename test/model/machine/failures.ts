/** Failures as Temporal's server sends them. */

export function applicationFailure(message: string, type: string, details: unknown): object {
  return {
    message,
    source: 'TypeScriptSDK',
    applicationFailureInfo: { type, nonRetryable: true, details: { payloads: [{ value: details }] } },
  };
}

export function activityFailed(activityType: string, cause: object): object {
  return {
    message: 'Activity task failed',
    cause,
    activityFailureInfo: { activityType: { name: activityType }, activityId: '1', identity: 'model' },
  };
}

/** @param activityType null = not of an activity */
export function cancelled(activityType: string | null): object {
  const cause = { message: 'CANCELLED', canceledFailureInfo: {} };
  return activityType === null ? cause : activityFailed(activityType, cause);
}

export function childFailed(workflowType: string, cause: object): object {
  return {
    message: 'Child Workflow execution failed',
    cause,
    childWorkflowExecutionFailureInfo: {
      workflowType: { name: workflowType },
      workflowExecution: { workflowId: 'child', runId: 'child' },
      namespace: 'default',
    },
  };
}
